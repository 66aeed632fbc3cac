// What was done, found and taken along; who tried to sign in.

import { readFileSync } from 'node:fs';
import { muster } from '../../person.mjs';
import { Clerk } from '../clerk.mjs';

export const record = {
  async 'the audit trail is searched and exported'({ ada, check }) {
    await ada.at('contoso', '/audit');
    await ada.fill({ action: 'role.*' });
    await ada.button('Search');
    const actions = await ada.page.locator('main tbody td[data-label=What] code').allInnerTexts();
    check('only what was searched is there', actions.length > 0 && actions.every((a) => a.startsWith('role.')), actions.join());
    const [file] = await Promise.all([ada.page.waitForEvent('download'), ada.page.locator('#csv').click()]);
    const csv = readFileSync(await file.path(), 'utf8').trim().split(/\r?\n/);
    const known = (await ada.api('/tenants/contoso/audit?action=role.*&limit=100')).body?.items?.length;
    check('the file has a line for each, and a head', csv.length > actions.length && csv.slice(1).every((l) => l.includes('role.'))
      && (known === undefined || csv.length === known + 1), `${csv.length} ${known}: ${csv.slice(0, 2).join(' / ')}`);
    const [lines] = await Promise.all([ada.page.waitForEvent('download'), ada.page.locator('#ndjson').click()]);
    const events = readFileSync(await lines.path(), 'utf8').trim().split('\n').map((l) => JSON.parse(l));
    check('and so has the other, as JSON', events.length === csv.length - 1 && events.every((e) => e.action.startsWith('role.')), `${events.length} ${csv.length}`);
    ada.noise.splice(0);
  },

  async 'a search is kept as a view'({ ada, check }) {
    await ada.at('contoso', '/audit?action=user.*');
    await ada.fill({ name: 'Whatever becomes of users' });
    await ada.button('Save the view');
    const kept = (await ada.api('/tenants/contoso/audit/views')).body?.items ?? [];
    check('it is kept', kept.some((v) => v.name === 'Whatever becomes of users'), JSON.stringify(kept));
    await ada.at('contoso', '/audit');
    await ada.click('Whatever becomes of users');
    check('and leads there', ada.address.searchParams.get('action') === 'user.*', ada.page.url());
    await ada.at('contoso', '/audit');
    await ada.button('Forget the view Whatever becomes of users');
    const left = (await ada.api('/tenants/contoso/audit/views')).body?.items ?? [];
    check('and is forgotten', left.length === 0, JSON.stringify(left));
  },

  async 'a refused sign-in is found by its reference'({ ada, check, url }) {
    const bert = await Clerk.enter({ ...ada.world }, 'Bert');
    await bert.go(`${url}/signin?tenant=contoso`);
    const folded = bert.page.locator('#local summary');
    if (await folded.count() && !await bert.page.locator('#user_name').isVisible()) await folded.click();
    await bert.type({ user_name: 'bert', password: 'not at all what it is' });
    await bert.press('sign-in');
    await bert.leave();
    const { reference } = (await ada.api('/tenants/contoso/signins?limit=5')).body.items.find((a) => a.outcome !== 'success') ?? {};
    await ada.at('contoso', '/signins');
    await ada.fill({ reference: reference ?? 'none' });
    await ada.button('Open', '#find');
    check('the page says why', ada.path.endsWith(reference) && /password/i.test(await ada.text()), await ada.words());
    await ada.at('contoso', '/signins?outcome=refused');
    check('and the list of refused ones is a list', ada.answer.status() === 200 && muster('tenant', 'show', 'contoso').id, await ada.words());
  },
};
