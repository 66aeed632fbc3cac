// Roles beside those of one company: on the instance, for a while; the default role; who answers for what somebody made who
// has left; who is taken out of a company, and who may come back.

import { muster, until } from '../../person.mjs';
import { Clerk } from '../clerk.mjs';
import { secret } from '../seed.mjs';
import { byCode, setsUpCode } from './factors.mjs';
import { PASSWORD, has } from './own.mjs';

const everywhere = () => muster('grant', 'list', '--everywhere').items;
const named = async (ada, tenant, name) => (await ada.api(`/tenants/${tenant}/roles?limit=100`)).body.items.find((r) => r.name === name);
const default_ = async (ada) => (await ada.api('/tenants/contoso/default-role')).body;

// Somebody of the provider who may hold a role on the whole instance.
const administrator = (user_name, display_name) => muster('user', 'add', 'northwind', user_name, '--display-name', display_name, '--kind', 'administrator',
  '--password-file', secret(user_name, PASSWORD));

// Asks for a role at their own page.
async function asks(who, minutes) {
  await who.go(`${who.world.url}/me/elevations`);
  const may = (await who.page.locator('article[id^="may-"]').first().getAttribute('id')).slice(4);
  await who.type({ [`reason-${may}`]: 'Case 4711: the exports do not start', [`minutes-${may}`]: minutes });
  await who.press(`ask-${may}`);
}

export const standing = {
  async 'a role on the instance is given, and taken away'(world) {
    const { ada, check, url } = world;
    const { id } = administrator('ingrid', 'Ingrid Instans');
    const role = await named(ada, 'northwind', 'Read-Only');
    const ingrid = await Clerk.local(world, 'ingrid', PASSWORD, 'northwind');
    const may = async () => (await ingrid.api('/tenants/fabrikam/users')).status;
    check('before, she may nothing in a company', await may() !== 200, await may());
    await ada.go(`${url}/admin/instance/assignments`);
    await ada.press('add');
    await ada.fill({ user: 'ingrid', role: role.id, valid_to: '2020-01-01T00:00', reason: 'looks after everything' });
    await ada.press('give');
    check('an end that is past is said at the field', await ada.saidAt('valid_to') && await ada.value('reason') === 'looks after everything', await ada.words());
    await ada.fill({ valid_to: '' });
    await ada.press('give');
    check('it is given, on the whole instance', everywhere().some((g) => g.user === id && g.role === role.id) && await may() === 200, `${JSON.stringify(everywhere())} ${await may()} ${await ada.words()}`);
    await ada.go(`${url}/admin/instance/assignments`);
    await ada.click(/^Take away Read-Only from ingrid/);
    await ada.press('remove');
    check('and taken away, in the session that runs', !everywhere().some((g) => g.user === id) && await may() !== 200, `${await may()} ${await ada.words()}`);
    await ingrid.leave();
  },

  async 'a request for a role on the instance is decided, the role given back, and asking taken back'(world) {
    const { ada, check, url } = world;
    const { id } = administrator('ivar', 'Ivar Ibsen');
    const role = await named(ada, 'northwind', 'Read-Only');
    await ada.go(`${url}/admin/system/elevation/eligible`);
    await ada.press('add');
    await ada.fill({ user: 'ivar', role: role.id, max_minutes: '2', reason: 'on call' });
    await ada.press('make');
    const ivar = await Clerk.local(world, 'ivar', PASSWORD, 'northwind');
    const may = async () => (await ivar.api('/tenants/fabrikam/users')).status === 200;
    const comes = async () => {
      await asks(ivar, '45');
      await ada.go(`${url}/admin/system/elevation`);
      await ada.click('Decide about Read-Only for ivar');
    };
    for (const decision of ['refuse', 'approve']) {
      await comes();
      if (decision === 'refuse') {
        await ada.press('refuse');
        check('refused without a word: said at the field', await ada.saidAt('reason'), await ada.words());
        await ada.fill({ reason: 'Ask the one who is on call' });
      }
      await ada.press(decision);
      check(decision === 'refuse' ? 'refused, he has nothing' : 'approved, he has the role', await may() === (decision === 'approve') && await ada.has('done'), `${await may()} ${await ada.words()}`);
      await ivar.go(`${url}/me/elevations`);
      check('and finds it at his page', decision === 'refuse' ? (await ivar.text('#asked')).includes('Ask the one who is on call') : await ivar.page.locator('button[id^="end-"]').count() === 1, await ivar.text('#asked'));
    }
    await ivar.press(await ivar.page.locator('button[id^="end-"]').getAttribute('id'));
    check('given back, he has it no more', !await may() && await ivar.has('done'), `${await may()} ${await ivar.words()}`);
    await comes();
    await ada.press('approve');
    await ada.go(`${url}/admin/system/elevation/eligible`);
    await ada.click('Take back that ivar may ask for Read-Only');
    check('the page says what it means, and nothing has happened', /may not ask/.test(await ada.text()) && await may(), await ada.words());
    const running = () => everywhere().some((g) => g.user === id && !(Date.parse(g.valid_to) <= Date.now()));
    check('and he holds it by that', running(), JSON.stringify(everywhere()));
    await ada.press('withdraw');
    check('he may ask no more, and the role has ended', !await may() && !running(), `${JSON.stringify(everywhere().filter((g) => g.user === id))} ${await ada.words()}`);
    await ivar.go(`${url}/me/elevations`);
    check('his page says so', await ivar.has('nothing'), await ivar.words());
    await ivar.leave();
  },

  async 'asking for a role in a company is taken back'({ ada, check }) {
    has('estrid', 'Estrid Ek');
    muster('elevation', 'allow', 'contoso', 'estrid', 'Technician', '--max', '2h', '--reason', 'on call');
    const left = async () => (await ada.api('/tenants/contoso/eligibilities')).body.items.filter((e) => e.user_name === 'estrid').length;
    check('before, she may ask', await left() === 1);
    await ada.at('contoso', '/elevation/eligible');
    await ada.click('Take back that estrid may ask for Technician');
    await ada.press('withdraw');
    check('and then no more', await left() === 0, await ada.words());
  },

  async 'a default role is set, after a look, and taken away'({ ada, check }) {
    const role = await named(ada, 'contoso', 'Read-Only');
    has('dagny', 'Dagny Dahl');
    const may = () => muster('explain', 'contoso', 'dagny', 'computers.view').allowed;
    const before = (await default_(ada)).role;
    await ada.at('contoso', '/mappings/default');
    await ada.fill({ role: role.id });
    await ada.press('look');
    check('the page says who gains, and nothing is saved', (await ada.text()).includes('Nothing is saved yet') && (await default_(ada)).role === before && !may(), await ada.words());
    await ada.press('save');
    check('set, whom no group gives a role has it', (await default_(ada)).role?.id === role.id && may(), `${JSON.stringify(await default_(ada))} ${await ada.words()}`);
    await ada.at('contoso', '/mappings/default');
    await ada.fill({ role: '' });
    await ada.press('look');
    await ada.press('save');
    check('taken away, they have it no more', !(await default_(ada)).role && !may(), JSON.stringify(await default_(ada)));
  },

  async 'what somebody made who has left is answered for by somebody else'(world) {
    const { ada, check } = world;
    has('olga', 'Olga Olsen');
    const before = await Clerk.local(world, 'olga', PASSWORD);
    await before.go(`${world.url}/me/factors`);
    const code = await setsUpCode(before);
    await before.leave();
    // Which demands a second factor.
    muster('grant', 'add', 'contoso', 'olga', 'Tenant Administrator');
    const role = await named(ada, 'contoso', 'Read-Only');
    const olga = await byCode(world, 'olga', code);
    await olga.at('contoso', '/mappings/add');
    const group = olga.page.locator('#f-group');
    if (await group.evaluate((e) => e.tagName) === 'SELECT') await group.selectOption({ label: 'Packaging' }); else await group.fill('Packaging');
    await olga.fill({ role: role.id });
    await olga.press('look');
    await olga.press('save');
    await olga.at('contoso', '/mappings/default');
    await olga.fill({ role: role.id });
    await olga.press('look');
    await olga.press('save');
    await olga.at('contoso', '/integrations');
    await olga.press('add');
    await olga.fill({ name: 'Olga’s export', roles: [role.id], proof: 'secret', scopes: ['users.view'] });
    await olga.button('Add the integration');
    const mapping = () => muster('mapping', 'list', 'contoso').items.find((m) => m.group_name === 'Packaging');
    const integration = () => muster('integration', 'list', 'contoso').items.find((i) => i.name === 'Olga’s export');
    check('she made a mapping, the default role and an integration', mapping() && (await default_(ada)).role && integration(), await olga.words());
    await olga.leave();
    muster('user', 'delete', 'contoso', 'olga', '--yes');
    const standings = async () => [mapping().standing, (await default_(ada)).standing, integration().author];
    const left = await until('it to be noticed', async () => { const all = await standings(); return all.every((s) => s && s !== 'in_force') && all; });
    await ada.at('contoso', '/mappings');
    await ada.button('Adopt the mapping of Packaging to Read-Only');
    await ada.at('contoso', '/mappings/default');
    await ada.press('adopt');
    await ada.at('contoso', `/integrations/${integration().id}`);
    check('her integration’s page says that she has left', await ada.has('orphan'), await ada.words());
    await ada.press('adopt');
    const now = await standings();
    check('adopted, each is in force, and Ada answers for it', now[0] === 'in_force' && now[1] === 'in_force' && now[2] !== left[2] && !await ada.has('orphan') && (await ada.text()).includes('Ada Lovelace'), `${left} → ${now}: ${await ada.words()}`);
    await ada.press('delete');
    check('the page says what goes, and nothing has', /What goes/.test(await ada.text()) && Boolean(integration()), await ada.words());
    await ada.press('delete');
    check('the integration is deleted', !integration(), await ada.words());
    muster('mapping', 'delete', 'contoso', mapping().id, '--yes');
    await ada.at('contoso', '/mappings/default');
    await ada.fill({ role: '' });
    await ada.press('look');
    await ada.press('save');
  },

  async 'somebody is taken out of a company'({ ada, check }) {
    has('runa', 'Runa Rand');
    muster('grant', 'add', 'contoso', 'runa', 'Technician');
    muster('grant', 'add', 'contoso', 'runa', 'Packager');
    const { id } = muster('user', 'show', 'contoso', 'runa');
    const left = () => muster('grant', 'list', 'contoso').items.filter((g) => g.user === id).length;
    await ada.at('contoso', `/users/${id}`);
    await ada.click('Remove them from Contoso');
    check('the page says what goes, and nothing has', (await ada.text('#goes')).includes('Technician') && (await ada.text('#goes')).includes('Packager') && left() === 2, await ada.words());
    await ada.press('confirm');
    check('all that was given by hand is gone', left() === 0 && muster('explain', 'contoso', 'runa', 'computers.view').allowed === false, await ada.words());
  },

  async 'who was deleted by hand may come back with their directory'({ ada, check, say, named: people }) {
    const gone = people.pop();
    const { id, external_id } = muster('user', 'show', 'contoso', gone);
    const comes = () => say('POST', '/Users', { schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'], externalId: external_id, userName: gone, active: true });
    await ada.at('contoso', `/users/${id}`);
    await ada.press('delete');
    await ada.press('confirm');
    const refused = await comes();
    check('deleted by hand, their directory does not bring them back', Number(refused.status) === 409, JSON.stringify(refused));
    await ada.at('contoso', '/decisions/tombstones');
    await ada.click(`Lift, so that ${gone} may come back`);
    check('the page says what it means', (await ada.text()).includes('created like anybody new'), await ada.words());
    await ada.press('lift');
    check('lifted, they are not remembered', !muster('tombstone', 'list', 'contoso').items.some((t) => t.user_name === gone), await ada.words());
    const back = await comes();
    check('and the directory brings them', back.status === 201 && back.id !== id, JSON.stringify(back));
  },
};
