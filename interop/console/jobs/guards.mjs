// What holds whoever clicks: several companies with a role of their own in each, nobody gives what they do not hold, and the
// last administrator stays one.

import { muster, until } from '../../person.mjs';
import { Clerk } from '../clerk.mjs';
import { scim, secret } from '../seed.mjs';
import { accepts, linkIn } from './invited.mjs';

const grants = (tenant, who) => muster('grant', 'list', tenant).items.filter((g) => g.user_name === who).map((g) => g.role_name ?? g.role).sort();
const PASSWORD = 'nine gentle northern tunnels';

export const guards = {
  async 'somebody works in two companies, with a role of its own in each'({ ada, check }) {
    const { id } = muster('user', 'add', 'northwind', 'tilda', '--display-name', 'Tilda Turm', '--kind', 'technician', '--password-file', secret('tilda', PASSWORD));
    const roles = (await ada.api('/tenants/fabrikam/roles?limit=50')).body.items;
    const named = (name) => roles.find((r) => r.name === name).id;
    for (const [slug, role] of [['fabrikam', 'Technician'], ['contoso', 'Read-Only']]) {
      await ada.at('northwind', `/users/${id}`);
      await ada.press('add-tenant');
      await ada.fill({ text: slug });
      await ada.press('search');
      await ada.click(/^Choose roles in/, { within: `#company-${slug}` });
      await ada.fill({ role: [named(role)] });
      await ada.press('save');
    }
    const [there, here] = [grants('fabrikam', 'tilda'), grants('contoso', 'tilda')];
    check('the roles are different', there.length === 1 && here.length === 1 && there[0] !== here[0], `${there} ${here}`);
    await ada.at('northwind', `/users/${id}`);
    check('her page says so', (await ada.text('#in-fabrikam')).includes('Technician') && (await ada.text('#in-contoso')).includes('Read-Only'), await ada.text('#access'));
    const may = (tenant) => muster('explain', tenant, 'tilda', 'computers.edit', '--home', 'northwind').allowed;
    check('and what she may is different', may('fabrikam') === true && may('contoso') === false, `${may('fabrikam')} ${may('contoso')}`);
    await ada.click(/^Change/, { within: '#in-fabrikam' });
    await ada.page.locator(`main [name=role][value="${named('Technician')}"]`).uncheck();
    await ada.press('save');
    check('taken away, it is gone there alone', grants('fabrikam', 'tilda').length === 0 && grants('contoso', 'tilda').length === 1, await ada.words());
  },

  async 'nobody gives what they do not hold'(world) {
    const { ada, check } = world;
    const desk = muster('role', 'create', 'contoso', 'People desk', '--permission', 'users.view', '--permission', 'users.manage_roles', '--permission', 'software.view');
    muster('invitation', 'create', 'contoso', 'dora@partner.example', '--display-name', 'Dora Desk', '--role', 'People desk');
    const roles = (await ada.api('/tenants/contoso/roles?limit=50')).body.items;
    const dora = await accepts(world, linkIn(await until('the invitation', () => world.letter('dora@partner.example'))), 'Dora');
    await dora.at('contoso', '/assignments');
    await dora.press('add');
    await dora.fill({ user: 'bert', role: roles.find((r) => r.name === 'Technician').id });
    await dora.press('give');
    check('a role that holds more than she does is refused, and the page says why', dora.answer.status() >= 400 && /hold/.test(await dora.text()), await dora.words());
    check('and nothing is given', !grants('contoso', 'bert').some((g) => g === 'Technician' || g === roles.find((r) => r.name === 'Technician').id), grants('contoso', 'bert').join());
    await dora.at('contoso', '/roles/add');
    check('what she does not hold cannot be put into a role', await dora.page.locator('[name=permissions][value="computers.delete"]').count() === 0
      && await dora.page.locator('[name=permissions][value="software.view"]').count() === 1, await dora.words());
    check('what she may not see leads nowhere', !(await dora.text('#nav')).includes('Audit trail'), await dora.text('#nav'));
    await dora.go(`${world.url}/admin/in/contoso/audit`);
    check('and says so to who types its address', dora.answer.status() === 403 && /permission|may not|need/i.test(await dora.text('body')), `${dora.answer.status()} ${await dora.words()}`);
    await dora.go(`${world.url}/admin/in/fabrikam`);
    check('nor does another company', dora.answer.status() >= 403, `${dora.answer.status()} ${await dora.words()}`);
    await dora.leave();
    muster('grant', 'remove', '--tenant', 'contoso', muster('grant', 'list', 'contoso').items.find((g) => g.user_name === 'dora@partner.example').id, '--yes');
    muster('role', 'delete', 'contoso', desk.id, '--yes');
  },

  async 'the last Global Administrator stays one'({ ada, check, url }) {
    const { id } = muster('user', 'show', 'northwind', 'ada');
    await ada.go(`${url}/admin/instance/assignments`);
    await ada.click(/^Take away Global Administrator from ada/);
    await ada.press('remove');
    check('it is not taken away, and the page says why', ada.answer.status() >= 400 && /last/.test(await ada.text()), `${ada.answer.status()} ${await ada.words()}`);
    await ada.at('northwind', `/users/${id}`);
    if (await ada.has('switch')) {
      await ada.press('switch');
      check('nor are they switched off', muster('user', 'show', 'northwind', 'ada').enabled === true, await ada.words());
    }
    await ada.at('northwind', `/users/${id}/delete`);
    if (await ada.has('confirm')) await ada.press('confirm');
    check('nor deleted', muster('user', 'show', 'northwind', 'ada').id === id, await ada.words());
  },

  async 'a company keeps its last administrator, whom their directory may take away'({ ada, check, providers: [provider] }) {
    muster('tenant', 'create', 'stark', '--name', 'Stark');
    // Who cannot sign in is no last administrator.
    const made = muster('directory', 'create', 'stark', 'Stark people', '--preset', 'generic', '--issuer', provider, '--client-id', 'muster', '--client-secret-file', secret('stark', 'muster-interop-secret'));
    const { token } = muster('scim-token', 'create', 'stark', 'Stark people');
    const { id } = await scim(made.scim_base_url, token, 'POST', '/Users', { schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'], externalId: 'ivy', userName: 'ivy@stark.example', active: true });
    muster('grant', 'add', 'stark', 'ivy@stark.example', 'Tenant Administrator');
    const held = async () => (await ada.api('/tenants/stark/holds')).body?.items?.length;
    await ada.at('stark', '/assignments');
    await ada.click(/^Take away Tenant Administrator from ivy/);
    await ada.press('remove');
    check('by hand it is not taken away, and the page says why', ada.answer.status() >= 400 && /last/.test(await ada.text()) && grants('stark', 'ivy@stark.example').length === 1, `${ada.answer.status()} ${await ada.words()}`);
    await scim(made.scim_base_url, token, 'PATCH', `/Users/${id}`, { schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations: [{ op: 'replace', path: 'active', value: false }] });
    await ada.at('stark', '');
    check('their directory may, and the overview says that something waits', (await ada.text()).includes('Needs a decision'), `${await held()} ${await ada.words()}`);
    await ada.at('stark', '/assignments/holds');
    await ada.click(/^Decide about Tenant Administrator of ivy/);
    check('the page says what each answer means', await ada.has('keep') && await ada.has('drop'), await ada.words());
    await ada.press('keep');
    await ada.at('stark', '/assignments/holds');
    check('decided, nothing is held', (await ada.text()).includes('Nothing is held') && grants('stark', 'ivy@stark.example').length === 1, await ada.words());
  },

  async 'a role is offered to every company'({ ada, check }) {
    await ada.at('northwind', '/roles/add');
    await ada.fill({ name: 'Night watch', description: 'Looks at night', permissions: ['computers.view'], offered: true });
    await ada.press('make');
    await ada.at('fabrikam', '/roles');
    check('the companies have it', (await ada.text()).includes('Night watch'), await ada.words());
    const { id } = (await ada.api('/tenants/fabrikam/roles?limit=50')).body.items.find((r) => r.name === 'Night watch');
    await ada.at('fabrikam', `/roles/${id}`);
    check('and do not change it', !await ada.has('edit') && !await ada.has('delete'), await ada.words());
    const builtin = (await ada.api('/tenants/fabrikam/roles?limit=50')).body.items.find((r) => r.name === 'Technician');
    await ada.at('fabrikam', `/roles/${builtin.id}`);
    check('nor what is built in', !await ada.has('edit') && !await ada.has('delete') && await ada.has('clone'), await ada.words());
  },

  async 'an account for emergencies is armed, and opens the door once'(world) {
    const { ada, check, url, letter } = world;
    const glass = muster('admin', 'break-glass', 'create', '--user-name', 'emergency-1');
    const comes = async (which) => {
      const who = await Clerk.enter(world, 'Somebody in need');
      await who.go(`${url}/signin?tenant=northwind`);
      await who.type({ user_name: 'emergency-1', password: glass.password });
      await who.press('sign-in');
      if (await who.has('recovery_code')) {
        if (!await who.page.locator('#recovery_code').isVisible()) await who.page.locator('#by-recovery summary').click();
        await who.type({ recovery_code: glass.recovery_codes[which] });
        await who.press('recover');
      }
      return who;
    };
    const early = await comes(0);
    check('sealed, it opens nothing', !/^\/(me|admin)/.test(early.path), `${early.path} ${await early.words()}`);
    await early.leave();
    await ada.go(`${url}/admin/system`);
    await ada.click('Arm emergency-1');
    await ada.fill({ reason: 'The directory is down' });
    await ada.press('arm');
    const row = await ada.text('main tr[id^="account-"]');
    check('it is armed, and the page says until when', row.includes('armed') && /until/.test(row), row);
    await until('the letter to the administrators', () => letter('ada@provider.example')?.text.includes('"emergency-1" was armed'));
    await ada.at('northwind', '/audit?action=break_glass.*');
    check('and the trail says why', (await ada.page.content()).includes('The directory is down'), await ada.words());
    const now = await comes(1);
    await now.go(`${url}/admin/tenants`);
    check('armed, it leads to everything', now.answer.status() === 200 && (await now.text()).includes('Fabrikam'), `${now.page.url()} ${await now.words()}`);
    const again = await comes(2);
    check('and once', !/^\/(me|admin)/.test(again.path), `${again.path} ${await again.words()}`);
    await now.leave();
    await again.leave();
  },
};
