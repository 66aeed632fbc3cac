// A company demands a second factor of everybody who signs in: from the day on which a password is enough to the refusal,
// the step-up and the setting up of one, and what the administrator sees of each.

import { muster, totp, until } from '../../person.mjs';
import { Clerk } from '../clerk.mjs';
import { scim, secret } from '../seed.mjs';
import { comes, person } from './connect.mjs';

const T = 'tyrell';
const PASSWORD = 'nine gentle northern tunnels';
const policy = () => muster('policy', 'show', T);

// A company with a login of its own (how one is connected is another job), people who come by it, and one who has a password here.
async function company(world) {
  const { providers: [provider] } = world;
  muster('tenant', 'create', T, '--name', 'Tyrell');
  muster('domain', 'add', T, `${T}.example`);
  const { scim_base_url: base } = muster('directory', 'create', T, 'Tyrell login', '--issuer', provider, '--client-id', 'muster', '--client-secret-file',
    secret(T, 'muster-interop-secret'), '--mfa-amr', 'mfa');
  const { token } = muster('scim-token', 'create', T, 'Tyrell login');
  for (const [sub, name] of [['adele', 'Adele Vance'], ['boris', 'Boris Ek'], ['greta', 'Greta Holm']]) {
    await scim(base, token, 'POST', '/Users', person(T, sub, name));
  }
  muster('grant', 'add', T, `boris@${T}.example`, 'Read-Only');
  muster('user', 'add', T, 'lena', '--display-name', 'Lena Lys', '--password-file', secret('lena', PASSWORD));
  return provider;
}

async function byPassword(world, name) {
  const lena = await Clerk.enter(world, name);
  await lena.go(`${world.url}/signin?tenant=${T}`);
  const folded = lena.page.locator('#local summary');
  if (await folded.count() && !await lena.page.locator('#user_name').isVisible()) await folded.click();
  await lena.type({ user_name: 'lena', password: PASSWORD });
  await lena.press('sign-in');
  return lena;
}

// Whether what their role permits is let through.
const may = async (who) => (await who.context.request.get(`${who.world.url}/api/v1/tenants/${T}/users`)).status();

// What the administrator finds by the reference that somebody was shown.
async function found({ ada }, reference) {
  await ada.at(T, '/signins');
  await ada.fill({ reference });
  await ada.button('Open', '#find');
  return ada.text();
}

export const demands = {
  async 'a second factor is demanded of everybody in a company'(world) {
    const { ada, check, url } = world;
    const provider = await company(world);
    const boris = await comes(world, provider, `boris@${T}.example`, 'boris');
    check('before, Boris is in with a password alone', boris.path.startsWith('/me') && boris.asked === 1 && await may(boris) === 200, `${boris.asked} ${await may(boris)} ${await boris.words()}`);
    const lena = await byPassword(world, 'Lena');
    check('and so is Lena, by a password of her own here', lena.path === '/me', await lena.words());

    await ada.at(T, '/policy');
    await ada.fill({ 'mfa.default': 'always', 'mfa.level': 'mfa' });
    await ada.press('mfa-save');
    check('it is saved, and the page says so', policy().mfa.default === 'always' && await ada.has('done'), `${JSON.stringify(policy())} ${await ada.words()}`);
    const rows = await ada.page.locator('#mfa-form td[data-label="In force"]').allInnerTexts();
    check('every role demands it now', rows.length > 3 && rows.every((r) => r.includes('second factor')), rows.join('; '));

    // Who is in with less.
    await boris.go(`${url}/me`);
    check('Boris, who is in with less, may act no more', await may(boris) === 403, `${await may(boris)} ${await boris.words()}`);
    await boris.go(`${url}/admin/in/${T}`);
    check('and the page asks him to prove it, with a way on', boris.answer.status() === 403 && /second factor/.test(await boris.text('body')) && await boris.page.getByRole('link', { name: /Sign in again/ }).count() === 1, `${boris.answer.status()} ${await boris.words()}`);
    await boris.leave();
    await lena.leave();

    const again = await comes(world, provider, `boris@${T}.example`, 'boris');
    const reference = await again.read('reference').catch(() => '');
    await again.look('refused, for a second factor was not proved', again.answer.status());
    check('Boris is asked for more, cannot, and is told why', again.asked === 2 && again.answer.status() === 403 && /second factor/.test(await again.text('body')) && reference, `${again.answer.status()} ${again.asked} ${await again.words()}`);
    await again.go(`${url}/me`);
    check('and he is not in', again.path.startsWith('/signin'), again.page.url());
    await again.leave();
    const record = await found(world, reference);
    check('the administrator finds it, and what to change', /second factor|two factors/i.test(record) && (await ada.text('#steps')).includes('pwd'), record);
    check('with who it was', record.includes('boris'), record);

    const greta = await comes(world, provider, `greta@${T}.example`, 'greta');
    check('Greta is asked for more, proves it, and is in', greta.asked === 2 && greta.path.startsWith('/me') && (await greta.text('body')).includes('Greta Holm'), `${greta.asked} ${await greta.words()}`);
    check('her page says by what', /with two factors/.test(await greta.text('#sessions')), await greta.text('#sessions'));
    await greta.leave();
    await ada.at(T, '/signins?outcome=success');
    const [last] = (await ada.api(`/tenants/${T}/signins?limit=5`)).body.items.filter((s) => s.outcome === 'success');
    await ada.at(T, `/signins/${last.reference}`);
    check('the administrator sees that it was proved', /Greta Holm/.test(await ada.text()) && /proved two factors/.test(await ada.text()), await ada.text());
    const adele = await comes(world, provider, `adele@${T}.example`, 'adele');
    check('Adele, who proves it at once, is asked once', adele.asked === 1 && adele.path.startsWith('/me'), `${adele.asked} ${await adele.words()}`);
    await adele.leave();

    const stays = await byPassword(world, 'Lena');
    const shown = await stays.read('reference').catch(() => '');
    await stays.look('a password alone, where more is demanded', stays.answer.status());
    check('Lena, who has none, is refused and told what to do', stays.answer.status() === 403 && /second factor/.test(await stays.text('body')) && shown, `${stays.answer.status()} ${await stays.words()}`);
    await stays.leave();
    const why = await found(world, shown);
    check('the administrator is told how to help her', /lena/i.test(why) && /link/.test(why), why);
  },

  async 'who has no second factor is helped to one'(world) {
    const { ada, check, letter } = world;
    const { id } = muster('user', 'show', T, 'lena');
    muster('user', 'edit', T, 'lena', '--email', `lena@${T}.example`);
    await ada.at(T, `/users/${id}/signing-in`);
    check('her page says what she has', /Password set up One-time code none Passkeys none/.test(await ada.text('#credentials')), await ada.text('#credentials'));
    await ada.press('help-reset-link');
    await ada.press('confirm');
    check('the link is sent, and the page says so', await ada.has('done'), await ada.words());
    const sent = await until('the letter', () => { const l = letter(`lena@${T}.example`); return /\/reset\//.test(l?.text) && l; });
    const lena = await Clerk.enter(world, 'Lena, helped');
    await lena.go(/https?:\/\/[^\s<>"]+\/reset\/[\w-]+/.exec(sent.text)[0]);
    check('the page says that it sets up both', /a second factor/.test(await lena.text('#enrols')), await lena.words());
    await lena.press('continue');
    if (await lena.has('set-password')) await lena.press('set-password');
    await lena.type({ password: 'four copper autumn bridges', password_again: 'four copper autumn bridges' });
    await lena.press('continue');
    check('she is led to a second factor', await lena.has('otp-secret'), await lena.words());
    const otp = (await lena.read('otp-secret')).replace(/\s/g, '');
    await lena.type({ code: totp(otp) });
    await lena.press('continue');
    await lena.look('a second factor is set up', lena.answer.status());
    check('and is in', lena.path === '/me' && /two factors/.test(await lena.text('#sessions')), `${lena.page.url()} ${await lena.words()}`);
    await lena.leave();
    await ada.at(T, `/users/${id}/signing-in`);
    check('her page says so', /One-time code set up/.test(await ada.text('#credentials')), await ada.text('#credentials'));
  },

  async 'and is demanded no more'(world) {
    const { ada, check, providers: [provider] } = world;
    await ada.at(T, '/policy');
    await ada.fill({ 'mfa.default': 'by_role' });
    await ada.press('mfa-save');
    check('it is saved', policy().mfa.default === 'by_role', `${JSON.stringify(policy())} ${await ada.words()}`);
    const boris = await comes(world, provider, `boris@${T}.example`, 'boris');
    check('Boris is in again with what he has', boris.path.startsWith('/me') && boris.asked === 1, `${boris.asked} ${await boris.words()}`);
    await boris.leave();
    await ada.at(T, '/audit?action=tenant.policy');
    check('and the trail has both changes', await ada.page.locator('main tbody tr').count() === 2, await ada.text('main table'));
  },
};
