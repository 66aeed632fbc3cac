// Where the pages' script makes a difference: one box that ticks all, what is shown once and can be copied, a form that is
// sent twice, a choice that takes effect at once. Then the jobs that administrators do most, once more with it.

import { muster } from '../person.mjs';
import { access } from './jobs/access.mjs';
import { clients } from './jobs/clients.mjs';
import { bySetupLink } from './jobs/connect.mjs';
import { directories } from './jobs/directories.mjs';
import { invited } from './jobs/invited.mjs';
import { people } from './jobs/people.mjs';
import { record } from './jobs/record.mjs';
import { begunAndClosed } from './jobs/reviews.mjs';
import { roles } from './jobs/roles.mjs';
import { settings } from './jobs/settings.mjs';
import { tenants } from './jobs/tenants.mjs';
import { work } from './jobs.mjs';

const mine = {
  async 'one box ticks all'({ ada, check }) {
    await ada.at('contoso', '/users');
    const boxes = ada.page.locator('input[name=user]');
    await ada.page.locator('[data-all=user]').check();
    const all = await boxes.count();
    check('all are ticked', all > 10 && await ada.page.locator('input[name=user]:checked').count() === all, all);
    await ada.page.locator('[data-all=user]').uncheck();
    check('and none', await ada.page.locator('input[name=user]:checked').count() === 0);
  },

  async 'what is shown once can be copied'({ ada, check, url, rmm }) {
    await ada.context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: new URL(url).origin });
    await ada.at('contoso', `/integrations/${rmm.id}`);
    await ada.press('add-secret');
    const secret = await ada.text('#secret');
    const copy = ada.page.locator('[data-copy=secret]');
    check('the button is there', await copy.isVisible());
    await copy.click();
    await ada.page.getByRole('button', { name: 'Copied', exact: true }).waitFor();
    check('and copies it', await ada.page.evaluate(() => navigator.clipboard.readText()) === secret);
  },

  async 'a form that is sent twice is done once'({ ada, check }) {
    await ada.at('contoso', '/roles/add');
    await ada.fill({ name: 'Made twice?', permissions: ['software.view'] });
    await Promise.all([ada.page.waitForEvent('domcontentloaded'), ada.page.locator('#make').dblclick()]);
    await ada.page.waitForLoadState();
    const made = muster('role', 'list', 'contoso').items.filter((r) => r.name === 'Made twice?');
    check('it is there once', made.length === 1, JSON.stringify(made));
    check('and the page says nothing else', !await ada.has('problem'), await ada.words());
    muster('role', 'delete', 'contoso', made[0].id, '--yes');
  },

  async 'a form that is left and come back to can be sent'({ ada, check }) {
    await ada.at('contoso', '/roles/add');
    await ada.fill({ name: 'Packager' });
    await ada.press('make');
    await ada.page.goBack();
    await ada.fill({ name: 'Come back to', permissions: ['software.view'] });
    await ada.press('make');
    const made = muster('role', 'list', 'contoso').items.filter((r) => r.name === 'Come back to');
    check('it is sent', made.length === 1, await ada.words());
    muster('role', 'delete', 'contoso', made[0].id, '--yes');
  },

  async 'a choice among filters takes effect at once'({ ada, check }) {
    await ada.at('contoso', '/users');
    await Promise.all([ada.page.waitForURL(/state=deactivated/), ada.page.locator('#f-state').selectOption('deactivated')]);
    check('the list is filtered', ada.address.searchParams.get('state') === 'deactivated', ada.page.url());
  },
};

const hooli = {
  async 'a setup link, with the script'(world) {
    muster('tenant', 'create', 'hooli', '--name', 'Hooli');
    await bySetupLink('hooli', 'Hooli')(world);
  },
};

// What was made before goes first, if the jobs without the script have made it.
const gone = (room, name, field = 'name') => async (job, world) => {
  const there = muster(room, 'list', room === 'directory' ? 'fabrikam' : 'contoso', ...(room === 'user' ? ['--limit', '200'] : [])).items.find((i) => i[field] === name);
  if (there) muster(room, 'delete', room === 'directory' ? 'fabrikam' : 'contoso', name, '--yes');
  await job(world);
};

const again = Object.fromEntries([
  [people, 'a user is added with a role and invited', gone('user', 'nora@contoso.example', 'user_name')],
  [people, 'many are switched off'],
  [people, 'a user is deleted'],
  [roles, 'a role is changed, after a look'],
  [access, 'a role is given for a time'],
  [access, 'a group is mapped, after a look'],
  [access, 'a mapping is deleted'],
  [invited, 'many are invited, and deleted'],
  [directories, 'a directory is added step by step', gone('directory', 'Fabrikam Entra')],
  [directories, 'a SCIM token is made, the log read, a request replayed'],
  [clients, 'an integration is made, its secret changed', gone('integration', 'Ticket system')],
  [settings, 'the policy is changed'],
  [record, 'the audit trail is searched and exported'],
  [{ 'a review is begun, decided and closed': begunAndClosed('Packagers, winter') }, 'a review is begun, decided and closed'],
  [tenants, 'a tenant is made, suspended, resumed, deleted'],
].map(([from, name, first]) => [`${name}, with the script`, first ? (world) => first(from[name], world) : from[name]]));

export const run = (world) => work(world, { ...mine, ...hooli, ...again }, { javaScriptEnabled: true });
