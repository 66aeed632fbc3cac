// Who gets what: groups mapped after a look, roles for a time, and why somebody may.

import { muster, until } from '../../person.mjs';
import { Clerk } from '../clerk.mjs';
import { scim, secret } from '../seed.mjs';

const explain = (who, permission) => muster('explain', 'contoso', who, permission);
const mappings = () => muster('mapping', 'list', 'contoso').items;

// What a field for a moment takes.
const moment = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 16);

export const access = {
  async 'a group is mapped, after a look'({ ada, check, named }) {
    const before = mappings().length;
    await ada.at('contoso', '/mappings');
    await ada.press('add');
    const group = ada.page.locator('#f-group');
    const choose = async (it, label) => ((await it.evaluate((e) => e.tagName)) === 'SELECT' ? it.selectOption({ label }) : it.fill(label));
    const technician = (await ada.api('/tenants/contoso/roles?text=Technician')).body.items.find((r) => r.name === 'Technician');
    await choose(group, 'Service Desk');
    await ada.fill({ role: technician.id });
    await ada.press('look');
    if (await ada.has('save')) await ada.press('save');
    check('what is mapped already is not mapped again, and the page says so', await ada.has('problem') && mappings().length === before, await ada.words());
    check('and what was typed stays', await ada.value('role') === technician.id, await ada.words());
    const role = (await ada.api('/tenants/contoso/roles?text=Packager')).body.items.find((r) => r.name === 'Packager');
    await choose(ada.page.locator('#f-group'), 'Finance');
    await ada.fill({ role: role.id });
    await ada.press('look');
    const preview = await ada.text('#preview');
    check('the page says who gains', preview.includes(named[25]) || /more|first/.test(preview), preview);
    check('and nothing is saved', mappings().length === before);
    await ada.press('save');
    check('it is mapped', mappings().some((m) => m.group_name === 'Finance' && m.role === role.id), await ada.words());
    check('and who is in the group may', explain(named[25], 'software.view').allowed === true);
  },

  async 'a mapping is deleted'({ ada, check, named }) {
    await ada.at('contoso', '/mappings');
    await ada.page.locator('tr', { hasText: 'Finance' }).getByRole('link', { name: /Delete/ }).click();
    check('the page says who loses', (await ada.text('#preview')).length > 20, await ada.words());
    await ada.press('delete');
    check('it is gone', !mappings().some((m) => m.group_name === 'Finance'), await ada.words());
    const why = explain(named[25], 'software.add');
    check('and who is in the group may no more', why.allowed === false, JSON.stringify(why).slice(0, 300));
  },

  async 'a role is given for a time'({ ada, check }) {
    const role = (await ada.api('/tenants/contoso/roles?text=Depot')).body.items[0]?.id
      ?? muster('role', 'create', 'contoso', 'Depot', '--permission', 'software.view').id;
    await ada.at('contoso', '/assignments');
    await ada.press('add');
    await ada.fill({ user: 'nobody-like-that', role, valid_to: moment(7), reason: 'holiday cover' });
    await ada.press('give');
    check('nobody like that: said at the field', await ada.saidAt('user'), await ada.words());
    check('and what was typed stays', await ada.value('reason') === 'holiday cover' && (await ada.value('valid_to')) !== '', await ada.words());
    await ada.fill({ user: 'gina' });
    await ada.press('give');
    // Several fit: one is chosen.
    if (await ada.page.locator('[name=chosen]').count()) {
      await ada.page.locator('[name=chosen]').first().check();
      await ada.press('give');
    }
    const given = muster('grant', 'list', 'contoso').items.find((g) => g.user_name === 'gina' && g.role === role);
    check('it is given, with an end', given?.valid_to && given.reason === 'holiday cover', JSON.stringify(given));
    await ada.at('contoso', '/assignments');
    await Promise.all([ada.page.waitForEvent('domcontentloaded'), ada.page.locator(`[id="grant-${given.id}"] a.button`).click()]);
    await ada.press('remove');
    check('and taken away', !muster('grant', 'list', 'contoso').items.some((g) => g.id === given.id), await ada.words());
  },

  async 'a role that was given for a time is over then'(world) {
    const { ada, check, url } = world;
    const password = 'nine gentle northern tunnels';
    const { id } = muster('user', 'add', 'contoso', 'ulla', '--display-name', 'Ulla Uhr', '--password-file', secret('ulla', password));
    const ulla = await Clerk.enter(world, 'Ulla');
    await ulla.go(`${url}/signin?tenant=contoso`);
    await ulla.page.locator('#local summary').click();
    await ulla.type({ user_name: 'ulla', password });
    await ulla.press('sign-in');
    const may = async () => (await ulla.context.request.get(`${url}/api/v1/tenants/contoso/users`)).status();
    check('without it, she may not', ulla.path === '/me' && await may() === 403, `${await may()} ${await ulla.words()}`);
    // The form takes whole minutes: the next one that leaves time to look.
    const end = Math.ceil((Date.now() + 8_000) / 60_000) * 60_000;
    await ada.at('contoso', '/assignments/add');
    await ada.fill({ user: 'ulla', role: (await ada.api('/tenants/contoso/roles?limit=50')).body.items.find((r) => r.name === 'Read-Only').id, valid_to: new Date(end).toISOString().slice(0, 16), reason: 'until the minute is over' });
    await ada.press('give');
    const given = () => muster('grant', 'list', 'contoso').items.find((g) => g.user === id);
    const to = given()?.valid_to;
    check('it is given, with the end that was typed', Date.parse(to) === end, `${to} ${await ada.words()}`);
    check('with it, she may', await may() === 200, await may());
    await ulla.go(`${url}/me`);
    check('and her page says until when', /Read-Only/.test(await ulla.read('roles')) && /until/.test(await ulla.read('roles')), await ulla.read('roles'));
    const over = await until('the end', async () => await may() === 403 && Date.now(), 75);
    check('at its end it is over, in the session that runs', over >= end && over < end + 5_000, `${(over - end) / 1000} s`);
    check('and for whoever asks why', explain('ulla', 'users.view').allowed === false, JSON.stringify(explain('ulla', 'users.view')).slice(0, 300));
    await ulla.go(`${url}/me`);
    check('her page has it no more', !/Read-Only/.test(await ulla.read('roles')), await ulla.read('roles'));
    await ulla.leave();
    await ada.at('contoso', '/assignments?who=ulla');
    const row = await ada.text(`[id="grant-${given()?.id}"]`);
    check('the assignments say that it has ended', /ended/.test(row), row);
    await ada.at('contoso', `/users/${id}`);
    // Until it is swept away it stands there as one that is over.
    const rows = await ada.page.locator('#access tbody tr').filter({ hasText: 'Read-Only' }).allInnerTexts();
    check('nor has her page for administrators, or it says that it is over', rows.every((r) => /does not count\s+it ended at/.test(r)), rows.join('; '));
  },

  async 'why somebody may'({ ada, check, named }) {
    await ada.at('contoso', '/explain');
    await ada.fill({ user: named[1], permission: 'users.view' });
    await ada.press('ask');
    const wanted = explain(named[1], 'users.view');
    const seen = await ada.text('#answer');
    check('the page says what the API says', seen.includes(wanted.allowed ? 'may' : 'may not'), seen);
    const role = wanted.paths[0]?.role.name ?? wanted.needed[0]?.name;
    check('and names the role', seen.includes(role), `${role}: ${seen}`);
    await ada.at('contoso', '/explain/who?permission=users.view');
    const who = muster('who-can', 'contoso', 'users.view').items.map((i) => i.user_name);
    const rows = await ada.text('main table');
    check('who may: everybody that the API names', who.slice(0, 20).every((n) => rows.includes(n)), `${who}: ${rows.slice(0, 300)}`);
  },

  async 'somebody is let ask for a role'({ ada, check }) {
    const role = (await ada.api('/tenants/contoso/roles?limit=50')).body.items.find((r) => r.name === 'Technician').id;
    await ada.at('contoso', '/elevation/eligible/add');
    await ada.fill({ user: 'bert', role, max_minutes: '2', unit: 'hours' }).catch(async () => {
      await ada.page.locator('#f-unit').selectOption({ index: 1 });
    });
    await ada.press('make');
    const may = (await ada.api('/tenants/contoso/eligibilities')).body.items.find((e) => e.user_name === 'bert');
    check('Bert may ask', may?.role === role, JSON.stringify(may) + await ada.words());
  },

  async 'a group of the provider gives a role in other companies'({ ada, check }) {
    const made = muster('directory', 'create', 'northwind', 'Northwind people', '--preset', 'generic');
    const { token } = muster('scim-token', 'create', 'northwind', 'Northwind people');
    const say = (path, body) => scim(made.scim_base_url, token, 'POST', path, body);
    const core = 'urn:ietf:params:scim:schemas:core:2.0';
    const { id: value } = await say('/Users', { schemas: [`${core}:User`], externalId: 'nils', userName: 'nils@provider.example', displayName: 'Nils Nord', active: true });
    await say('/Groups', { schemas: [`${core}:Group`], displayName: 'Field crew', members: [{ value }] });
    const may = (tenant) => muster('explain', tenant, 'nils@provider.example', 'computers.edit', '--home', 'northwind').allowed;
    await ada.at('northwind', '/mappings/add');
    const it = ada.page.locator('#f-group');
    if (await it.evaluate((e) => e.tagName) === 'SELECT') await it.selectOption({ label: 'Field crew' }); else await it.fill('Field crew');
    await ada.fill({ role: (await ada.api('/tenants/northwind/roles?limit=50')).body.items.find((r) => r.name === 'Technician').id });
    await ada.page.locator('#f-scope').getByRole('radio', { name: /companies below|chosen|these companies/i }).first().check();
    await ada.page.locator('#f-scope').getByRole('checkbox', { name: /Fabrikam/ }).check();
    await ada.press('look');
    check('the page says who gains, and where', /nils/.test(await ada.text('#preview')) && /Fabrikam/.test(await ada.text('#preview')), await ada.words());
    await ada.press('save');
    check('he may there, and nowhere else', may('fabrikam') === true && may('contoso') === false && may('northwind') === false, `${may('fabrikam')} ${may('contoso')} ${may('northwind')}`);
    await ada.at('fabrikam', '/explain/who?permission=computers.edit');
    check('the company sees that he may', (await ada.text()).includes('nils'), await ada.words());
  },
};
