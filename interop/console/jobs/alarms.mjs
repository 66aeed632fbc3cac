// What goes wrong is seen: a directory whose requests are refused, one whose token ends, one that has none. That letters and
// the overview's list tell of it takes the five minutes after which all directories are looked at, and is not waited for.

import { muster } from '../../person.mjs';
import { scim } from '../seed.mjs';

const T = 'cyberdyne';
const health = () => muster('directory', 'health', T, 'Cyberdyne Okta');
const codes = () => health().alarms.map((a) => a.code).join();

// The places that tell of a directory which is not well.
async function told(ada, id) {
  await ada.at(T, '');
  const home = await ada.text(`[id="directory-${id}"]`);
  await ada.at(T, '/directories');
  const list = await ada.text(`[id="directory-${id}"]`);
  await ada.at(T, `/directories/${id}`);
  const own = await ada.text('section[aria-labelledby="p-title"]');
  return { home, list, own };
}

// What the look over the installation says of it.
async function doctor({ ada, url }) {
  await ada.go(`${url}/admin/health`);
  ada.page.setDefaultTimeout(60_000);
  await ada.press('run');
  ada.page.setDefaultTimeout(20_000);
  return (await ada.page.locator('main section.card').allInnerTexts()).map((t) => t.replace(/\s+/g, ' ')).filter((t) => t.includes(T)).join(' | ');
}

export const alarms = {
  async 'a directory whose requests are refused is noticed'(world) {
    const { ada, check } = world;
    muster('tenant', 'create', T, '--name', 'Cyberdyne');
    const { id, scim_base_url: base } = muster('directory', 'create', T, 'Cyberdyne Okta', '--preset', 'okta');
    await ada.at(T, `/directories/${id}/provisioning`);
    await ada.button('Make a token', '#make-token');
    const token = await ada.text('#token');
    await scim(base, token, 'GET', '/Users');
    const well = await told(ada, id);
    check('while it is well, nothing is said', /well/.test(well.home) && /well/.test(well.list) && !/attention/.test(`${well.home} ${well.list} ${well.own}`), JSON.stringify(well));
    for (let i = 0; i < 12; i += 1) await scim(base, token, 'POST', '/Users', { userName: '' });
    check('the alarm is raised', codes() === 'failing', codes());
    const ill = await told(ada, id);
    check('the overview says so', /needs attention/.test(ill.home) && /of 13 requests/.test(ill.home), ill.home);
    check('so does the list of directories', /needs attention/.test(ill.list), ill.list);
    check('and the directory’s page, with the numbers', /12 of 13 requests of the last hour were refused/.test(ill.own) && await ada.page.locator('section[aria-labelledby="p-title"] .problem').count() === 1, ill.own);
    await ada.at(T, `/directories/${id}/log`);
    check('the log says what was refused', /400/.test(await ada.text('main table')), await ada.words());
    const found = await doctor(world);
    check('the look over the installation names it, and what to do', /Cyberdyne Okta/.test(found) && /were refused/.test(found) && /What to do/.test(found), found);
    for (let i = 0; i < 14; i += 1) await scim(base, token, 'GET', '/Users');
    const again = await told(ada, id);
    check('answered well again, it is over', codes() === '' && !/attention/.test(`${again.home} ${again.list} ${again.own}`), JSON.stringify(again));
  },

  async 'a token that ends, and a directory without one, are noticed'(world) {
    const { ada, check } = world;
    const { id, scim_base_url: base } = muster('directory', 'show', T, 'Cyberdyne Okta');
    await ada.at(T, `/directories/${id}/provisioning`);
    const day = new Date(Date.now() + 5 * 86_400_000).toISOString().slice(0, 10);
    await ada.fill({ expires_at: day });
    await ada.button(/^Make/, '#make-token');
    const token = await ada.text('#token');
    // The one in use is looked at: the older one, which ends in a year, goes.
    const [old] = muster('scim-token', 'list', T, 'Cyberdyne Okta').items.filter((t) => !t.expires_at?.startsWith(day));
    await ada.at(T, `/directories/${id}/provisioning`);
    await ada.page.locator(`#tokens [href*="${old.id}"]`).first().click();
    await ada.press('confirm');
    await scim(base, token, 'GET', '/Users');
    check('the alarm is raised', codes() === 'token_expires', codes());
    const soon = await told(ada, id);
    check('overview, list and the directory’s page say so', /ends on/.test(soon.home) && /needs attention/.test(soon.list) && /ends on/.test(soon.own) && /make another one/.test(soon.own), JSON.stringify(soon));
    await ada.at(T, '');
    check('it is among what needs a decision, too', /end/.test(await ada.text('#waits-secrets')), await ada.text('#attention'));
    const found = await doctor(world);
    check('so does the look over the installation', /Cyberdyne Okta/.test(found) && /ends on/.test(found), found);

    await ada.at(T, `/directories/${id}/provisioning`);
    await ada.click(/Revoke/, { within: '#tokens' });
    await ada.press('confirm');
    check('without a token another is raised', codes() === 'no_token', codes());
    const none = await told(ada, id);
    check('overview, list and the directory’s page say so', /no token/.test(none.home) && /needs attention/.test(none.list) && /no token that is valid/.test(none.own), JSON.stringify(none));
    await ada.at(T, `/directories/${id}/provisioning`);
    await ada.button('Make a token', '#make-token');
    await scim(base, await ada.text('#token'), 'GET', '/Users');
    const again = await told(ada, id);
    check('with one again, it is over', codes() === '' && !/attention/.test(`${again.home} ${again.list} ${again.own}`), JSON.stringify(again));
  },
};
