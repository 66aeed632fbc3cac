// How programs get in, from the pages to a token: a private key, an application that somebody signs in to, what an
// application may ask of who comes.

import { createHash, generateKeyPairSync, randomBytes, randomUUID, sign } from 'node:crypto';
import { createServer } from 'node:http';
import { muster, until } from '../../person.mjs';
import { Clerk } from '../clerk.mjs';
import { secret } from '../seed.mjs';

const base64 = (text) => Buffer.from(text).toString('base64url');
const integration = (name) => muster('integration', 'list', 'contoso').items.find((a) => a.name === name);

// Asks for a token with a signature of this key (RFC 7523).
async function byKey(url, id, { privateKey, kid }) {
  const now = Math.floor(Date.now() / 1000);
  const input = [{ alg: 'ES256', kid }, { iss: id, sub: id, aud: url, jti: randomUUID(), iat: now, exp: now + 60 }].map((p) => base64(JSON.stringify(p))).join('.');
  const proof = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url');
  const answer = await fetch(`${url}/oauth/token`, { method: 'POST', body: new URLSearchParams({
    grant_type: 'client_credentials', client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', client_assertion: `${input}.${proof}`,
  }) });
  return answer.json();
}

const key = () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const kid = randomUUID();
  return { privateKey, kid, jwks: JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'ES256' }] }) };
};

export const programs = {
  async 'an integration proves itself with a private key'({ ada, check, url }) {
    const [mine, another] = [key(), key()];
    const role = (await ada.api('/tenants/contoso/roles?limit=50')).body.items.find((r) => r.name === 'Read-Only').id;
    await ada.at('contoso', '/integrations');
    await ada.press('add');
    await ada.fill({ name: 'Backup tool', roles: [role], proof: 'key', jwks: mine.jwks, scopes: ['computers.view'] });
    await ada.button('Add the integration');
    const made = integration('Backup tool');
    check('no secret is shown: it has none', made && !await ada.has('secret'), await ada.words());
    const given = await byKey(url, made.client_id, mine);
    check('its key is worth a token of what was chosen', given.scope === 'computers.view' && given.access_token, JSON.stringify(given));
    check('another key is not', (await byKey(url, made.client_id, another)).error === 'invalid_client');
    await ada.at('contoso', `/integrations/${made.id}`);
    await ada.press('off');
    await ada.press('confirm');
    check('switched off, its key is worth nothing', (await byKey(url, made.client_id, mine)).error === 'invalid_client' && integration('Backup tool').enabled === false, await ada.words());
  },

  async 'when a secret was last used is on its page'({ ada, check, url }) {
    await ada.at('contoso', '/integrations/add');
    const role = (await ada.api('/tenants/contoso/roles?limit=50')).body.items.find((r) => r.name === 'Read-Only').id;
    await ada.fill({ name: 'Report tool', roles: [role], proof: 'secret', scopes: ['users.view'], expires_at: '2031-01-31' });
    await ada.button('Add the integration');
    const shown = await ada.text('#secret');
    const made = integration('Report tool');
    await ada.at('contoso', `/integrations/${made.id}`);
    check('not used, it says so, and when the secret ends', /never/.test(await ada.text('#last-used')) && /2031/.test(await ada.text()), await ada.words());
    const answer = await fetch(`${url}/oauth/token`, { method: 'POST', body: new URLSearchParams({ grant_type: 'client_credentials' }),
      headers: { authorization: `Basic ${Buffer.from(`${made.client_id}:${shown}`).toString('base64')}` } });
    const given = await answer.json();
    // It is written down a while after it was.
    const used = await until('the use to be noted', async () => { await ada.at('contoso', `/integrations/${made.id}`); return !/never/.test(await ada.text('#last-used')); }, 90).catch(() => false);
    check('used, it says when', given.access_token && used, await ada.text('#last-used'));
  },

  async 'somebody signs in to an application that was added here'(world) {
    const { ada, check, url } = world;
    const site = createServer((_, response) => { response.setHeader('content-type', 'text/html'); response.end('<title>x</title>'); });
    await new Promise((done) => { site.listen(0, '127.0.0.1', done); });
    const back = `http://127.0.0.1:${site.address().port}/callback`;
    await ada.at('contoso', '/apps');
    await ada.press('add');
    await ada.fill({ name: 'Time sheets', kind: 'web', redirect_uris: back });
    await ada.button('Add the application');
    const clientSecret = await ada.text('#secret');
    const made = muster('app', 'list', 'contoso').items.find((a) => a.name === 'Time sheets');
    const verifier = randomBytes(32).toString('base64url');
    const to = new URL(`${url}/oauth/authorize`);
    to.search = new URLSearchParams({ response_type: 'code', client_id: made.client_id, redirect_uri: back, scope: 'openid profile', state: 'x', nonce: 'y',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'), code_challenge_method: 'S256', tenant: 'contoso' });
    muster('user', 'add', 'contoso', 'tina', '--display-name', 'Tina Timm', '--password-file', secret('tina', 'nine gentle northern tunnels'));
    const tina = await Clerk.enter(world, 'Tina');
    await tina.go(to.href);
    const folded = tina.page.locator('#local summary');
    if (await folded.count() && !await tina.page.locator('#user_name').isVisible()) await folded.click();
    await tina.type({ user_name: 'tina', password: 'nine gentle northern tunnels' });
    await tina.press('sign-in');
    check('who signs in is asked by its name', (await tina.read('app-name')).includes('Time sheets'), await tina.words());
    await tina.press('allow');
    const code = new URL(tina.page.url()).searchParams.get('code');
    const given = await (await fetch(`${url}/oauth/token`, { method: 'POST', body: new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: back, code_verifier: verifier }),
      headers: { authorization: `Basic ${Buffer.from(`${made.client_id}:${clientSecret}`).toString('base64')}` } })).json();
    check('and the application learns who they are', given.id_token && JSON.parse(Buffer.from(given.id_token.split('.')[1], 'base64url')).name === 'Tina Timm', JSON.stringify(given).slice(0, 300));
    await ada.at('contoso', `/users/${muster('user', 'show', 'contoso', 'tina').id}/signing-in`);
    check('her page says what she allowed', (await ada.text('#consents')).includes('Time sheets'), await ada.text('#consents'));
    await ada.at('contoso', '/policy');
    await ada.fill({ 'apps.new': { label: 'Time sheets' }, 'apps.new.class': 'mfa' });
    await ada.button('Save', '#apps-form');
    await tina.go(to.href);
    check('a second factor demanded of it, who has none does not get in', !tina.page.url().startsWith(back) && /second factor/.test(await tina.text('body')), `${tina.page.url()} ${await tina.words()}`);
    await tina.leave();
    site.close();
  },
};
