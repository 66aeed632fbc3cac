// A review of who has what: begun, decided, closed.

import { muster, until } from '../../person.mjs';
import { Clerk } from '../clerk.mjs';
import { secret } from '../seed.mjs';

// A review of the Packagers that is called so, from its beginning to the evidence.
export const begunAndClosed = (name) => async ({ ada, check }) => {
  const review = () => muster('review', 'list', 'contoso').items.find((r) => r.name === name);
  const packager = muster('role', 'list', 'contoso').items.find((r) => r.name === 'Packager');
  if (!muster('grant', 'list', 'contoso').items.some((g) => g.user_name === 'erin@contoso.example' && g.role === packager.id)) {
    muster('grant', 'add', 'contoso', 'erin@contoso.example', 'Packager');
  }
  await ada.at('contoso', '/reviews');
  await ada.press('add');
  await ada.fill({ name, role: packager.id, due_at: '2020-01-01T00:00' });
  await ada.press('begin');
  check('a day that is past is said at the field', await ada.saidAt('due_at'), await ada.words());
  check('and what was typed stays', await ada.value('name') === name && await ada.value('role') === packager.id, await ada.words());
  await ada.fill({ due_at: new Date(Date.now() + 9 * 86_400_000).toISOString().slice(0, 16) });
  await ada.press('begin');
  const begun = review();
  check('it has begun', begun?.state === 'open' || begun?.status === 'open' || Boolean(begun && !begun.closed_at), JSON.stringify(begun));
  await ada.at('contoso', `/reviews/${begun.id}`);
  const row = (who) => ada.page.locator('#decide tbody tr', { hasText: who });
  await Promise.all([ada.page.waitForEvent('domcontentloaded'), row('bert').getByRole('button', { name: /^Keep/ }).click()]);
  await Promise.all([ada.page.waitForEvent('domcontentloaded'), row('erin').getByRole('button', { name: /^Remove/ }).click()]);
  const decided = (await ada.api(`/tenants/contoso/reviews/${begun.id}/items`)).body.items.map((i) => `${i.user_name} ${i.decision}`);
  check('both are decided', decided.some((d) => /bert keep/.test(d)) && decided.some((d) => /erin.* remove/.test(d)), decided.join());
  await ada.at('contoso', `/reviews/${begun.id}`);
  await ada.press('close');
  const anyway = ada.page.locator('[name=anyway]');
  if (await anyway.count()) await anyway.check();
  await ada.press('close');
  await until('the review to be closed', () => review().closed_at);
  const left = muster('grant', 'list', 'contoso').items.filter((g) => g.role === packager.id).map((g) => g.user_name);
  check('closed, what was decided is done', left.includes('bert') && !left.includes('erin@contoso.example'), left.join());
  await ada.at('contoso', `/reviews/${begun.id}/check`);
  check('and the evidence is intact', /is what it was/.test(await ada.text()), await ada.words());
};

export const reviews = {
  'a review is begun, decided and closed': begunAndClosed('Packagers, autumn'),

  async 'what a directory took away is decided about'({ ada, check }) {
    const parked = () => muster('parked', 'list', 'contoso').items;
    check('something waits', parked().length > 0, JSON.stringify(parked()));
    await ada.at('contoso', '/decisions');
    check('and the page says so', await ada.page.locator(`main a[href*="${parked()[0]?.id}"]`).count() > 0, await ada.words());
  },

  async 'what was taken away is kept for some, and let go for the rest'({ ada, check }) {
    const [change] = muster('parked', 'list', 'contoso').items;
    await ada.at('contoso', '/decisions');
    await Promise.all([ada.page.waitForEvent('domcontentloaded'), ada.page.locator(`main a[href*="${change.id}"]`).first().click()]);
    const box = ada.page.locator('main [name=users]').first();
    const user = await box.getAttribute('value');
    const may = () => ada.api(`/tenants/contoso/grants?user=${user}`).then(({ body }) => body.items.length);
    const before = await may();
    await box.check();
    await ada.fill({ reason: 'still works here' });
    await ada.press('keep-some');
    check('who is ticked keeps the role, by hand', await may() === before + 1, `${before} ${await may()} ${await ada.words()}`);
    if (!await ada.has('apply-all')) await ada.at('contoso', `/decisions/parked/${change.id}`);
    await ada.press('apply-all');
    check('the rest is asked about once more', await ada.has('apply') && muster('parked', 'list', 'contoso').items.length > 0, await ada.words());
    await ada.press('apply');
    check('and let go', !muster('parked', 'list', 'contoso').items.some((p) => p.id === change.id && !p.closed_at), JSON.stringify(muster('parked', 'list', 'contoso').items));
  },

  async 'whom a directory wants to take over is refused'({ ada, check }) {
    await ada.at('contoso', '/decisions');
    await Promise.all([ada.page.waitForEvent('domcontentloaded'), ada.page.locator('main a[href*="/adoptions/"]').first().click()]);
    check('the page says what it would mean', /takes them over/.test(await ada.text()), await ada.words());
    await ada.press('refuse');
    const erin = muster('user', 'show', 'contoso', 'erin@contoso.example');
    check('refused, the person stays as they are', erin.directory === null || erin.directory === undefined, JSON.stringify(erin));
    await ada.at('contoso', '/decisions');
    check('and nothing waits', await ada.page.locator('main a[href*="/adoptions/"]').count() === 0, await ada.words());
  },

  async 'whom a directory wants to take over is let go to it'(world) {
    const { ada, check, say, entra, url } = world;
    const password = 'nine gentle northern tunnels';
    const core = 'urn:ietf:params:scim:schemas:core:2.0';
    const email = 'otto@contoso.example';
    const { id } = muster('user', 'add', 'contoso', email, '--display-name', 'Otto By Hand', '--email', email, '--password-file', secret('otto', password));
    muster('grant', 'add', 'contoso', email, 'Read-Only');
    const signsIn = async () => {
      const otto = await Clerk.enter(world, 'Otto');
      await otto.go(`${url}/signin?tenant=contoso`);
      await otto.page.locator('#local summary').click();
      await otto.type({ user_name: email, password });
      await otto.press('sign-in');
      return otto;
    };
    const creates = () => say('POST', '/Users', {
      schemas: [`${core}:User`], externalId: 'e-otto', userName: email, displayName: 'Otto Oberg', active: true, emails: [{ primary: true, type: 'work', value: email }],
    });
    const otto = await signsIn();
    check('before, he signs in by a password here', otto.path === '/me', await otto.words());
    const first = await creates();
    check('the directory is refused, and told why', Number(first.status) === 409 && first.scimType === 'uniqueness', JSON.stringify(first));

    await ada.at('contoso', '');
    await ada.click(/wants|take|directory/i, { within: '#waits-adoptions' });
    if (!ada.path.includes('/adoptions/')) await ada.click(/Otto By Hand/);
    check('the page says whom, why, and what it would mean', /Otto By Hand/.test(await ada.text()) && /takes them over/.test(await ada.text()) && (await ada.text('.lead')).length > 20, await ada.words());
    check('and nothing has happened', !muster('user', 'show', 'contoso', email).directory);
    await ada.press('accept');
    check('it is accepted, and the page says that the directory’s next try does it', await ada.has('done') && !muster('user', 'show', 'contoso', email).directory, await ada.words());
    const second = await creates();
    check('the directory’s next try creates nobody: it has the person who was here', second.status === 201 && second.id === id, JSON.stringify(second));
    const now = muster('user', 'show', 'contoso', email);
    check('who is the directory’s now, and called as it says', now.id === id && now.directory === entra.id && now.display_name === 'Otto Oberg', JSON.stringify(now));
    check('and keeps the role', muster('grant', 'list', 'contoso').items.some((g) => g.user === id), '');
    await otto.go(`${url}/me`);
    check('his session has ended', otto.path.startsWith('/signin'), otto.page.url());
    await otto.leave();
    const again = await signsIn();
    check('and his password opens nothing', !again.path.startsWith('/me'), `${again.path} ${await again.words()}`);
    await again.leave();
    await ada.at('contoso', `/users/${id}`);
    check('his page says whose he is', (await ada.text()).includes('Contoso Entra'), await ada.words());
    await ada.at('contoso', '/audit?action=adoption.*');
    const row = await ada.text('main tbody tr:has-text("Otto"):has-text("adoption.accept")');
    check('and the trail who decided', /Ada Lovelace/.test(row), row);
  },

  async 'a review repeats by itself, and is stopped'({ ada, check }) {
    const row = ada.page.locator('main tr[id^="plan-"]', { hasText: 'Every quarter' });
    await ada.at('contoso', '/reviews/add');
    // Of all roles nobody could decide alone: whose own access it is has another reviewer.
    await ada.fill({ name: 'Every quarter', role: muster('role', 'list', 'contoso').items.find((r) => r.name === 'Packager').id, every_days: '90', due_at: new Date(Date.now() + 9 * 86_400_000).toISOString().slice(0, 16) });
    await ada.press('begin');
    check('it has begun', !await ada.has('problem'), `${ada.answer.status()} ${await ada.text('#problem')}`);
    await ada.at('contoso', '/reviews/plans');
    check('it is among those that repeat', /90 days/.test(await row.innerText()), await ada.words());
    await ada.click('Stop: begin no further review Every quarter');
    check('the page says what stops', (await ada.text()).includes('Reviews that have begun go on'), await ada.words());
    await ada.press('stop');
    check('stopped, it is not', await row.count() === 0, await ada.words());
    check('and what has begun goes on', muster('review', 'list', 'contoso').items.some((r) => r.name === 'Every quarter' && !r.closed_at));
  },
};
