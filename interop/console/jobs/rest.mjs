// What else the pages can do: attributes of one's own, an application's stream of security events, a company's name and tags,
// an invitation sent again from the list, a token that IT staff take back.

import { muster, until } from '../../person.mjs';
import { Clerk } from '../clerk.mjs';
import { scim } from '../seed.mjs';
import { Site } from '../site.mjs';
import { linkIn } from './invited.mjs';

const CORE = 'urn:ietf:params:scim:schemas:core:2.0:User';

// What a program asks of the stream with a token of its own.
async function stream(site, token, method, path, body) {
  const answer = await fetch(`${site.url}/ssf/${path}`, { method, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, ...(body && { body: JSON.stringify(body) }) });
  return { code: answer.status, ...(answer.status < 300 && answer.status !== 204 ? await answer.json().catch(() => ({})) : {}) };
}

export const rest = {
  async 'attributes of one’s own are declared, come, change, and are withdrawn'({ ada, check }) {
    const { scim_base_url: base } = muster('directory', 'create', 'fabrikam', 'Fabrikam HR', '--preset', 'generic');
    const { token } = muster('scim-token', 'create', 'fabrikam', 'Fabrikam HR');
    const urn = 'urn:fabrikam:params:scim:schemas:extension:badge:2.0:User';
    const say = (...asked) => scim(base, token, ...asked);
    const known = () => muster('schema', 'list', 'fabrikam').items.find((s) => s.id === urn);
    const listed = async () => (await say('GET', '/Schemas')).Resources.some((s) => s.id === urn);
    await ada.at('fabrikam', '/schemas');
    await ada.press('declare');
    await ada.fill({ id: urn, name: 'Badge', 'a0.name': 'two words', 'a0.description': 'What is printed on it' });
    await ada.button('Declare');
    check('a name that is none is said at the table, and what was typed stays', await ada.has('f-attributes-problem') && await ada.value('a0.name') === 'two words' && await ada.value('name') === 'Badge', await ada.words());
    await ada.fill({ 'a0.name': 'number' });
    await ada.button('Declare');
    check('declared, the directory’s SCIM lists it', known()?.attributes?.length === 1 && await listed(), JSON.stringify(known()));
    const badge = async (n) => say('POST', '/Users', { schemas: [CORE, urn], externalId: `badge-${n}`, userName: `badge${n}@fabrikam.example`, active: true, [urn]: { number: `B-${n}`, colour: 'red' } });
    const first = await badge(1);
    check('and what it sends is kept', first.status === 201 && (await say('GET', `/Users/${first.id}`))[urn]?.number === 'B-1', JSON.stringify(first));
    await ada.at('fabrikam', '/schemas');
    await ada.click('Badge');
    check('the page says that somebody carries values of it', /1 person carries/.test(await ada.text()), await ada.words());
    await ada.fill({ 'a1.name': 'colour' });
    await ada.button('Save');
    const second = await badge(2);
    check('one attribute more comes, too', known().attributes.length === 2 && (await say('GET', `/Users/${second.id}`))[urn]?.colour === 'red', JSON.stringify(second));
    await ada.at('fabrikam', '/schemas');
    await ada.click('Withdraw Badge');
    await ada.press('confirm');
    check('it is not withdrawn while somebody carries values, and the page says so', known() && ada.answer.status() >= 400 && await ada.has('problem'), `${ada.answer.status()} ${await ada.words()}`);
    await ada.fill({ drop_values: true });
    await ada.press('confirm');
    check('with their values it is', !known() && !await listed() && !(await say('GET', `/Users/${first.id}`))[urn], await ada.words());
  },

  async 'an application’s stream of security events is paused, resumed, ended'(world) {
    const { ada, check } = world;
    const site = await Site.open(world, 'contoso', 'Watchtower');
    const { access_token: token } = await site.ask('token', { grant_type: 'client_credentials', scope: 'ssf.manage ssf.read' });
    const made = await stream(site, token, 'POST', 'stream', { delivery: { method: 'urn:ietf:rfc:8936' }, description: 'the watch' });
    const status = async () => (await stream(site, token, 'GET', `status?stream_id=${made.stream_id}`)).status;
    check('it has asked for a stream, which flows', made.code === 201 && await status() === 'enabled', JSON.stringify(made));
    await ada.at('contoso', `/apps/${site.client.id}`);
    check('its page has it', /flowing/.test(await ada.text()) && (await ada.text()).includes('the watch'), await ada.words());
    for (const word of ['paused', 'enabled']) {
      await ada.fill({ status: word, reason: `it is ${word} for a while` });
      await ada.button('Set', '#stream-form');
      check(`set to ${word}, the application finds it so`, await status() === word && await ada.has('done'), `${await status()} ${await ada.words()}`);
    }
    await ada.press('stream-end');
    check('the page says what its end means, and nothing has ended', await ada.has('end-stream') && await status() === 'enabled', await ada.words());
    await ada.press('end-stream');
    check('ended, there is none', (await stream(site, token, 'GET', `status?stream_id=${made.stream_id}`)).code === 404 && (await ada.text()).includes('has not asked for a stream'), await ada.words());
    site.close();
  },

  async 'a company is called otherwise, and its tags bring roles'({ ada, check, url }) {
    muster('tenant', 'create', 'acme', '--name', 'Acme');
    muster('user', 'add', 'northwind', 'tage', '--display-name', 'Tage Tag', '--kind', 'technician');
    muster('grant', 'add', 'northwind', 'tage', 'Read-Only', '--tag', 'gold');
    const may = () => muster('explain', 'acme', 'tage', 'computers.view', '--home', 'northwind').allowed;
    check('before, he may nothing there', may() === false);
    await ada.go(`${url}/admin/tenants/acme`);
    await ada.fill({ name: 'Acme Rockets', tags: 'gold, new' });
    await ada.button('Save');
    const acme = muster('tenant', 'show', 'acme');
    check('it is called so, and the tag brings the role', acme.name === 'Acme Rockets' && acme.tags.includes('gold') && may() === true, JSON.stringify(acme));
    await ada.fill({ tags: 'new' });
    await ada.button('Save');
    check('without the tag it is gone', may() === false && muster('tenant', 'show', 'acme').tags.join() === 'new', await ada.words());
  },

  async 'an invitation is sent again from the list'({ ada, check, letter }) {
    const email = 'lisa@partner.example';
    muster('invitation', 'create', 'contoso', email, '--display-name', 'Lisa List', '--role', 'Read-Only');
    const first = linkIn(await until('the invitation', () => letter(email)));
    await ada.at('contoso', '/invitations');
    await ada.button(`Send again: the invitation to ${email}`);
    const second = linkIn(await until('another letter', () => { const l = letter(email); return linkIn(l) !== first && l; }));
    check('another letter leaves, with another link', second && second !== first && await ada.has('done'), await ada.words());
  },

  async 'IT staff take a token back that they made'(world) {
    const { ada, check, url } = world;
    const { id } = muster('directory', 'create', 'fabrikam', 'Fabrikam staff', '--preset', 'generic');
    await ada.at('fabrikam', `/directories/${id}/setup-links`);
    await ada.fill({ note: 'Milton, IT', hours: '24' });
    await ada.button('Make a link');
    const it = await Clerk.enter(world, 'IT staff');
    await it.go(await ada.text('#link'));
    await it.press('begin');
    await it.button('Make a token', '#make-token');
    const [token, base] = [await it.text('#token'), await it.text('#scim-url')];
    check('it is good for the directory', (await scim(base, token, 'GET', '/Users')).totalResults === 0);
    await it.go(`${url}/portal`);
    await it.click(/^Take back/, { within: '#tokens' });
    check('the page asks first, and nothing has happened', await it.has('confirm') && (await scim(base, token, 'GET', '/Users')).totalResults === 0, await it.words());
    await it.press('confirm');
    check('taken back, it is refused', Number((await scim(base, token, 'GET', '/Users')).status) === 401 && !await it.has('tokens'), await it.words());
    await it.leave();
  },
};
