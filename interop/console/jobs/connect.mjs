// A company's own login is connected: by its IT staff, who come by a setup link and have no account, and by an administrator.
// The login is a certified OpenID provider, the domain is published at a real DNS server, and in the end people sign in.

import { muster, until } from '../../person.mjs';
import { Clerk } from '../clerk.mjs';
import { publish } from '../dns.mjs';
import { scim } from '../seed.mjs';

const SECRET = 'muster-interop-secret';
const CORE = 'urn:ietf:params:scim:schemas:core:2.0';

const directory = (tenant, name) => muster('directory', 'list', tenant).items.find((d) => d.name === name);
const stage = (tenant, name) => directory(tenant, name)?.stage;

// What a directory sends of somebody, and of a group of theirs.
export const person = (tenant, sub, name) => ({
  schemas: [`${CORE}:User`], externalId: sub, userName: `${sub}@${tenant}.example`, displayName: name, active: true,
  emails: [{ primary: true, type: 'work', value: `${sub}@${tenant}.example` }],
});
const group = (name, members) => ({ schemas: [`${CORE}:Group`], displayName: name, members: members.map(({ id: value }) => ({ value })) });

// Does the test login as this person, in a private window; the page on which it ends.
async function tries(world, link, who) {
  const trial = await Clerk.enter(world, `${who} trying it`);
  await trial.go(link);
  await trial.page.locator('[name=person]').fill(who);
  await Promise.all([trial.page.waitForURL(`${world.url}/**`), trial.page.locator('button').click()]);
  return trial;
}

// Somebody comes to the sign-in with their address, and goes through their company's login.
export async function comes(world, provider, address, who) {
  const visitor = await Clerk.enter(world, who);
  await visitor.go(`${world.url}/signin`);
  await visitor.type({ email: address });
  await visitor.press('continue');
  // Where it is the only way in, the address alone leads there.
  const straight = visitor.page.url().startsWith(provider);
  if (!straight) await visitor.click(/./, { role: 'button', within: 'form[action^="/federation/start"]' });
  visitor.asked = 0;
  while (visitor.page.url().startsWith(provider) && visitor.asked < 4) {
    visitor.asked += 1;
    await visitor.page.locator('[name=person]').fill(who);
    await Promise.all([visitor.page.waitForEvent('domcontentloaded'), visitor.page.locator('button').click()]);
    await visitor.page.waitForLoadState();
  }
  return Object.assign(visitor, { straight });
}

// A company's IT staff, from a setup link to somebody of theirs who signs in.
export const bySetupLink = (tenant, company) => async (world) => {
  const { ada, check, url, providers: [provider] } = world;
  const domain = `${tenant}.example`;
  await ada.at(tenant, '/directories');
  await ada.press('add');
  await ada.fill({ preset: 'generic', name: 'Company login' });
  await ada.button('Add the directory');
  const { id } = directory(tenant, 'Company login');
  await ada.at(tenant, `/directories/${id}/setup-links`);
  await ada.fill({ note: 'Milton, IT', hours: '500' });
  await ada.button('Make a link');
  check('too long a time is said at the field', await ada.saidAt('hours') && await ada.value('note') === 'Milton, IT', await ada.words());
  await ada.fill({ hours: '24' });
  await ada.button('Make a link');
  const link = await ada.text('#link');
  check('the link is shown, this once', link.startsWith(`${url}/portal/open/`) && /not shown again/.test(await ada.text()), await ada.words());
  await ada.at(tenant, `/directories/${id}/setup-links`);
  check('no page shows it again', !(await ada.page.content()).includes(link) && (await ada.text('main table')).includes('Milton, IT'), await ada.words());

  const it = await Clerk.enter(world, 'IT staff');
  await it.go(link);
  await it.look('what a setup link opens');
  check('looking uses nothing up', (await it.text()).includes(company) && await it.has('begin'), await it.words());
  await it.press('begin');
  await it.look('the setup, from its beginning');
  check('it says what to register', (await it.text('#step-register')).includes(directory(tenant, 'Company login').redirect_uri), await it.text('#step-register'));

  await it.fill({ issuer: 'no address', client_id: 'muster', 'rules.acr': 'urn:example:loa:2fa' });
  await it.button('Save', '#enter');
  check('what is no issuer is said at the field', await it.saidAt('issuer') && await it.value('client_id') === 'muster', await it.words());
  await it.look('an issuer that is none', it.answer.status());
  await it.fill({ issuer: provider, client_secret: SECRET });
  await it.button('Save', '#enter');
  check('the sign-in is entered, and offered to nobody', directory(tenant, 'Company login').signin?.issuer === provider
    && stage(tenant, 'Company login') === 'draft' && await it.has('done'), await it.words());
  check('nobody can activate what was not tried', !await it.has('activate'), await it.words());

  await it.button('Ask for a test login', '#test');
  await it.look('a test login to begin');
  const trial = await tries(world, await it.page.locator('#go').getAttribute('href'), 'clara');
  await trial.look('what the test login received');
  check('the test says which claims came, and what they prove', (await trial.read('claims')).includes('urn:example:loa:2fa')
    && (await trial.read('class')) === 'mfa' && (await trial.read('rule')).startsWith('generic'), await trial.words());
  check('and that Clara is nobody here yet', /Nobody yet/.test(await trial.read('found')), await trial.words());
  await trial.leave();
  await it.click('look here again');
  check('so does the setup', /succeeded/.test(await it.text('#test-result')) && (await it.text('#test-result')).includes('acr'), await it.text('#test-result'));

  await it.fill({ domain: domain });
  await it.button('Ask for the record', '#domain');
  const { record } = (await ada.api(`/tenants/${tenant}/domains`)).body.items.find((d) => d.domain === domain);
  const told = await it.text('#step-domain');
  check('it says what to publish', told.includes(record.name) && told.includes(record.value), told);
  await it.button(`Look now for the record of ${domain}`);
  check('it is not there, and the page says so', /asked for/.test(await it.text(`[id="domain-${domain}"]`)), await it.text('#step-domain'));
  await it.look('a domain whose record is not there', it.answer.status());
  await publish([record.name, record.value]);
  await it.button(`Look now for the record of ${domain}`);
  check('published, it is confirmed', /confirmed/.test(await it.text(`[id="domain-${domain}"]`)), await it.text('#step-domain'));

  await it.press('activate');
  check('it is activated', stage(tenant, 'Company login') === 'active' && /sign in by it/.test(await it.text('#step-activate')), await it.words());

  await it.button('Make a token', '#make-token');
  await it.look('a token, this once');
  const [token, base] = [await it.text('#token'), await it.text('#scim-url')];
  const clara = await scim(base, token, 'POST', '/Users', person(tenant, 'clara', 'Clara Lind'));
  check('the token is good for the directory', clara.status === 201, JSON.stringify(clara));
  await scim(base, token, 'POST', '/Users', { schemas: [`${CORE}:User`], userName: '' });
  await it.go(`${url}/portal`);
  check('it is not shown again', !(await it.page.content()).includes(token), await it.text('#tokens'));
  const log = await it.text('#step-scim table');
  check('the log has what the directory asked, and what was wrong', log.includes('POST /v2/Users 201') && log.includes('POST /v2/Users 400'), log);
  // When a token was last used is written down a while after it was.
  const used = await until('the use of the token to be noted', async () => { await it.go(`${url}/portal`); return /last used/.test(await it.text('#tokens')); }, 90).catch(() => false);
  check('and that the token is in use', used, await it.text('#tokens'));
  await it.look('the setup, done');

  const clara2 = await comes(world, provider, `clara@${domain}`, 'clara');
  check('Clara signs in by it, led there by her address', clara2.path.startsWith('/me') && (await clara2.text('body')).includes('Clara Lind'), await clara2.words());
  await clara2.leave();

  // It opens nothing else.
  const seen = [];
  for (const path of ['/admin', `/admin/in/${tenant}/users`, '/me']) {
    await it.go(`${url}${path}`);
    seen.push(it.path);
  }
  const asked = await it.api(`/tenants/${tenant}/users`);
  check('the link opens nothing else', seen.every((p) => p.startsWith('/signin')) && asked.status >= 401 && asked.status <= 404, `${seen} ${asked.status}`);
  it.noise.splice(0);

  // Another client, while people sign in by this one: asked about first.
  await it.go(`${url}/portal`);
  // The sign-in was left while its script asked for passkeys.
  it.noise.splice(0);
  await it.fill({ client_id: 'another', client_secret: 'another-secret' });
  await it.button('Save', '#enter');
  await it.look('asked before people’s sign-in changes');
  check('another client is asked about first', (await it.text()).includes(`nobody of ${company}`) && stage(tenant, 'Company login') === 'active', await it.words());
  await it.click('Leave it as it is');
  await it.click(/^Take back/, { within: '#tokens' });
  await it.look('asked before a token is taken back');
  await it.click('Keep it');

  await ada.at(tenant, `/directories/${id}/setup-links`);
  await ada.click('Take back: Milton, IT');
  await ada.press('confirm');
  await it.go(`${url}/portal`);
  await it.look('the setup, after its link was taken back', it.answer.status());
  check('taken back, it opens nothing more', it.answer.status() === 401 && /does not work any more/.test(await it.text()), `${it.answer.status()} ${await it.words()}`);
  await it.go(link);
  await it.look('a setup link that is over', it.answer.status());
  check('and says so to who opens it', it.answer.status() === 410 && !await it.has('begin'), await it.words());
  await it.leave();
};

export const connect = {
  'a setup link, from the link to a person who signs in': bySetupLink('initech', 'Initech Ltd'),

  async 'a sign-in is set up by an administrator, and made the only way in'(world) {
    const { ada, check, providers: [, provider] } = world;
    await ada.at('fabrikam', '/directories');
    await ada.press('add');
    await ada.fill({ preset: 'generic', name: 'Fabrikam login' });
    await ada.button('Add the directory');
    const { id } = directory('fabrikam', 'Fabrikam login');
    await ada.at('fabrikam', `/directories/${id}/steps`);
    await ada.fill({ issuer: provider, client_id: 'muster', client_secret: SECRET, 'rules.acr': 'urn:example:loa:2fa' });
    await ada.button('Save', '#enter');
    check('it is a draft', stage('fabrikam', 'Fabrikam login') === 'draft', JSON.stringify(directory('fabrikam', 'Fabrikam login')));
    await ada.at('fabrikam', `/directories/${id}/signin/settings`);
    await ada.fill({ 'rules.amr': 'mfa' });
    await ada.button('Save');

    await ada.at('fabrikam', `/directories/${id}/signin`);
    check('what was not tried has no button to activate it', !await ada.has('activate'), await ada.words());
    await ada.press('test');
    const trial = await tries(world, await ada.text('#link'), 'boris');
    await trial.look('a test login with a password alone');
    check('the test says what is missing', (await trial.has('missing')) || (await trial.read('class')) !== 'mfa', await trial.words());
    await trial.leave();
    await ada.at('fabrikam', `/directories/${id}/signin`);
    await ada.press('test');
    const again = await tries(world, await ada.text('#link'), 'adele');
    check('with two factors it says so', (await again.read('class')) === 'mfa', await again.words());
    await again.leave();
    await ada.press('result');
    await ada.look('what the test login found');
    check('so do the directory’s pages', /succeeded/.test(await ada.text()) && (await ada.text()).includes('amr'), await ada.words());
    await ada.press('activate');
    check('it is active', stage('fabrikam', 'Fabrikam login') === 'active', await ada.words());

    await ada.at('fabrikam', `/directories/${id}/provisioning`);
    await ada.button('Make a token', '#make-token');
    const [token, base] = [await ada.text('#token'), await ada.text('#scim-url')];
    const here = {};
    for (const [sub, name] of [['adele', 'Adele Vance'], ['boris', 'Boris Ek'], ['greta', 'Greta Holm']]) {
      here[sub] = await scim(base, token, 'POST', '/Users', person('fabrikam', sub, name));
      check(`${name} is provisioned`, here[sub].status === 201, JSON.stringify(here[sub]));
    }
    await scim(base, token, 'POST', '/Groups', group('Helpdesk', Object.values(here)));

    muster('domain', 'add', 'fabrikam', 'fabrikam.example');
    await ada.at('fabrikam', `/directories/${id}/signin`);
    await ada.press('enforce');
    check('the page says what that means', /only way in/.test(await ada.text()) && stage('fabrikam', 'Fabrikam login') === 'active', await ada.words());
    await ada.press('confirm');
    check('it is the only way in', stage('fabrikam', 'Fabrikam login') === 'enforced', await ada.words());
    const adele = await comes(world, provider, 'adele@fabrikam.example', 'adele');
    check('Adele is sent there by her address alone, and is in', adele.straight && adele.path.startsWith('/me') && (await adele.text('body')).includes('Adele Vance'), await adele.words());
    await adele.leave();
    await ada.press('relax');
    await ada.press('confirm');
    check('and is one way of several again', stage('fabrikam', 'Fabrikam login') === 'active', await ada.words());
  },

  async 'two factors are demanded of a role, and who has one is refused'(world) {
    const { ada, check, providers: [, provider] } = world;
    const roles = (await ada.api('/tenants/fabrikam/roles?limit=50')).body.items;
    const { id: role } = roles.find((r) => r.name === 'Technician');
    await ada.at('fabrikam', '/mappings');
    await ada.press('add');
    const it = ada.page.locator('#f-group');
    if (await it.evaluate((e) => e.tagName) === 'SELECT') await it.selectOption({ label: 'Helpdesk' }); else await it.fill('Helpdesk');
    await ada.fill({ role });
    await ada.press('look');
    check('the page says who gains', (await ada.text('#preview')).includes('boris'), await ada.text('#preview'));
    await ada.press('save');
    await ada.at('fabrikam', '/policy');
    await ada.fill({ [`mfa.roles.${role}`]: 'mfa' });
    await ada.press('mfa-save');
    check('the policy says so', JSON.stringify(muster('policy', 'show', 'fabrikam')).includes(role), `${JSON.stringify(muster('policy', 'show', 'fabrikam'))} ${await ada.words()}`);

    const boris = await comes(world, provider, 'boris@fabrikam.example', 'boris');
    await boris.look('refused: a second factor was not proved', boris.answer.status());
    const reference = await boris.read('reference').catch(() => '');
    check('Boris is refused after he was asked for more, and told why', boris.asked === 2 && /second factor/.test(await boris.text('body')) && reference, `${boris.asked} ${await boris.words()}`);
    await boris.leave();
    await ada.at('fabrikam', '/signins');
    await ada.fill({ reference });
    await ada.button('Open', '#find');
    check('so is the administrator, with what to change', ada.path.endsWith(reference) && /two factors|second factor/i.test(await ada.text()) && (await ada.text('#steps')).includes('pwd'), await ada.text());
    await ada.look('the record of a refusal');

    const greta = await comes(world, provider, 'greta@fabrikam.example', 'greta');
    check('Greta is asked for a second factor, proves it, and is in', greta.asked === 2 && greta.path.startsWith('/me') && (await greta.text('body')).includes('Greta Holm'), `${greta.asked} ${await greta.words()}`);
    await greta.leave();
  },
};
