// Pictures for the documents, by names that stay: PICTURES=1 writes them into docs/pictures.

import { mkdirSync, statSync } from 'node:fs';
import { muster } from '../person.mjs';
import { Clerk } from './clerk.mjs';
import { person as somebody } from './jobs/connect.mjs';
import { scim, secret } from './seed.mjs';

const MOST = 200_000;
const folder = new URL('../../docs/pictures/', import.meta.url).pathname;

// Something to see: an integration that asks for tokens, and somebody whom their company's provider does not answer.
async function used({ url, chromium, rmm, ...world }) {
  muster('grant', 'add', 'contoso', rmm.user, 'Technician');
  const asks = { method: 'POST', body: new URLSearchParams({ grant_type: 'client_credentials' }),
    headers: { authorization: `Basic ${Buffer.from(`${rmm.client_id}:${rmm.client_secret}`).toString('base64')}` } };
  for (let i = 0; i < 12; i += 1) await (await fetch(`${url}/oauth/token`, asks)).arrayBuffer();
  const fritz = await Clerk.enter({ url, chromium, ...world }, 'Fritz');
  await fritz.go(`${url}/signin?tenant=contoso`);
  const way = fritz.page.locator('[id^="way-"]').first();
  await Promise.all([fritz.page.waitForEvent('domcontentloaded'), way.click()]);
  await fritz.leave();
}

// A company in which people sign in through their own login, one of them with too little; its people, by their names.
const BANK = 'woodgrove';
const STAFF = { adele: 'Adele Vance', boris: 'Boris Ek', clara: 'Clara Lind', greta: 'Greta Holm', nadia: 'Nadia Berg', oskar: 'Oskar Roth',
  petra: 'Petra Sand', quinn: 'Quinn Moore', rosa: 'Rosa Lund', stefan: 'Stefan Kain', tilda: 'Tilda Moss', ugo: 'Ugo Neri' };
async function bank(world) {
  const { url, chromium, providers: [provider] } = world;
  muster('tenant', 'create', BANK, '--name', 'Woodgrove Bank');
  const { scim_base_url: base } = muster('directory', 'create', BANK, 'Woodgrove login', '--issuer', provider, '--client-id', 'muster',
    '--client-secret-file', secret(BANK, 'muster-interop-secret'), '--mfa-amr', 'mfa', '--mfa-acr', 'urn:example:loa:2fa');
  const { token } = muster('scim-token', 'create', BANK, 'Woodgrove login');
  const ids = {};
  for (const [sub, name] of Object.entries(STAFF)) ids[sub] = (await scim(base, token, 'POST', '/Users', somebody(BANK, sub, name))).id;
  for (const [displayName, who, role] of [['Service Desk', ['adele', 'clara', 'quinn'], 'Technician'], ['Branch Office', ['boris', 'greta', 'rosa', 'ugo'], 'Read-Only']]) {
    const members = who.map((sub) => ({ value: ids[sub] }));
    await scim(base, token, 'POST', '/Groups', { schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'], displayName, members });
    muster('mapping', 'create', BANK, '--group', displayName, '--role', role);
  }
  muster('app', 'create', BANK, 'Branch Portal', '--redirect-uri', 'https://portal.woodgrove.example/callback');
  muster('grant', 'add', BANK, 'adele@woodgrove.example', 'Self-Service', '--reason', 'tries the new portal');
  for (const who of ['adele', 'clara', 'greta', 'boris', 'erika', 'adele']) {
    const visitor = await Clerk.enter({ ...world, url, chromium }, who);
    await visitor.go(`${url}/signin?tenant=${BANK}`);
    await visitor.click(/./, { role: 'button', within: 'form[action^="/federation/start"]' });
    for (let i = 0; visitor.page.url().startsWith(provider) && i < 4; i += 1) {
      await visitor.page.locator('[name=person]').fill(who);
      await Promise.all([visitor.page.waitForEvent('domcontentloaded'), visitor.page.locator('button').click()]);
      await visitor.page.waitForLoadState();
    }
    await visitor.leave();
  }
  return { ids };
}

export async function run(world) {
  if (!process.env.PICTURES) return;
  mkdirSync(folder, { recursive: true });
  const ada = await Clerk.enter(world, 'Ada', { storageState: world.state });
  await ada.page.emulateMedia({ colorScheme: 'light' });
  const take = async (name, { answer, page } = ada) => {
    const path = `${folder}${name}.png`;
    if (answer.status() !== 200) {
      world.report.check(`the picture ${name}`, false, `status ${answer.status()} at ${page.url()}`);
      return;
    }
    await page.screenshot({ path });
    world.report.check(`the picture ${name} is small`, statSync(path).size < MOST, `${statSync(path).size} bytes`);
  };
  await used(world);
  const { ids } = await bank(world);
  for (const [name, path] of [['users', '/users'], ['person', `/users/${ids.adele}`], ['activity', '/activity?days=14']]) {
    await ada.go(`${world.url}/admin/in/${BANK}${path}`);
    await take(name);
  }
  const person = muster('user', 'show', 'contoso', world.named[7]).id;
  for (const [name, path] of [['overview', ''], ['roles', '/roles'], ['mappings', '/mappings'],
    ['directory', `/directories/${world.entra.id}`], ['directory-steps', `/directories/${world.entra.id}/steps`], ['audit', '/audit'],
    ['user-add', '/users/add'], ['access', `/users/${person}/access`], ['explain', `/explain?chosen=${person}&permission=computers.delete`],
    ['provisioning', `/directories/${world.entra.id}/provisioning`], ['provisioning-log', `/directories/${world.entra.id}/log`],
    ['signin-settings', `/directories/${world.entra.id}/signin/settings`], ['integration', `/integrations/${world.rmm.id}`]]) {
    await ada.go(`${world.url}/admin/in/contoso${path}`);
    await take(name);
  }
  // What each product's administrators are told.
  for (const [preset, name] of [['okta', 'Fabrikam Okta'], ['google', 'Fabrikam Google']]) {
    const { id } = muster('directory', 'list', 'fabrikam').items.find((d) => d.name === name)
      ?? muster('directory', 'create', 'fabrikam', name, '--preset', preset);
    await ada.at('fabrikam', `/directories/${id}/steps`);
    await take(`steps-${preset}`);
  }
  // What somebody is refused for, as it is on record.
  const { items } = (await ada.api('/tenants/contoso/signins?bad=true&limit=1')).body;
  if (items.length > 0) {
    await ada.at('contoso', `/signins/${items[0].reference}`);
    await take('signin-record');
  } else world.report.check('the picture signin-record', false, 'nobody was refused');
  await ada.at('contoso', '/integrations/add');
  await ada.fill({ name: 'Nightly report', scopes: ['users.view', 'computers.view'] });
  await take('integration-add');
  await ada.at('contoso', `/roles/${world.packager.id}/edit`);
  await ada.fill({ permissions: ['software.manage_versions'] });
  await ada.press('look');
  await take('role-preview');
  await ada.go(`${world.url}/admin/tenants`);
  await take('tenants');
  // The page at which a company's own IT staff set this directory up, by a link and without an account.
  const { origin } = new URL(world.url);
  const made = await ada.context.request.post(`${world.url}/api/v1/tenants/contoso/directories/${world.entra.id}/setup-links`, {
    headers: { origin, 'sec-fetch-site': 'same-origin' }, data: { hours: 24, note: 'for the picture' },
  });
  const { link } = await made.json();
  await ada.leave();
  const staff = await Clerk.enter(world, 'IT staff');
  await staff.go(link);
  // The link opens a page with one button, so that who only looks at a letter uses nothing up.
  if (await staff.page.locator('main form[method=post] button').count() === 1) await staff.button(/.+/);
  await take('portal', staff);
  await staff.leave();
}
