// Whoever signs out is out: logout that the application starts, logout that it is told about, and what looks like
// either and is not.

import { createRemoteJWKSet, generateKeyPair, jwtVerify, SignJWT, UnsecuredJWT, decodeJwt } from 'jose';
import { Browser, muster, until, words } from '../person.mjs';
import { enter, request, tokens } from './signin.mjs';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';

// The logout tokens that arrived for a session, each as the application verifies it.
async function told(world, config, sid, at = '/backchannel') {
  const keys = createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri));
  const all = [];
  for (const { method, url, body, type } of world.arrived) {
    if (url !== at || method !== 'POST') continue;
    const token = new URLSearchParams(body).get('logout_token');
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      issuer: world.issuer, audience: config.clientMetadata().client_id, typ: 'logout+jwt', maxTokenAge: '2m',
      requiredClaims: ['iat', 'exp', 'jti', 'events'],
    });
    if (payload.sid === sid) all.push({ payload, protectedHeader, type });
  }
  return all;
}

export async function logout(world) {
  const { oidc, report, wiki } = world;
  const config = await world.discover(wiki.id, wiki.secret);
  const metadata = config.serverMetadata();
  report.check('discovery names the logout endpoint and promises logout tokens with a session',
    metadata.end_session_endpoint && metadata.backchannel_logout_supported && metadata.backchannel_logout_session_supported,
    JSON.stringify(metadata));

  const browser = new Browser();
  const { given } = await tokens(world, config, browser, world.bert, { scope: 'openid offline_access' });
  const claims = given.claims();
  await refusals(world, config, browser, given);

  // The application starts it. It is down for a moment when Muster wants to tell it.
  world.down = 1;
  const state = oidc.randomState();
  const url = oidc.buildEndSessionUrl(config, {
    id_token_hint: given.id_token, post_logout_redirect_uri: world.goodbye, state,
  });
  const end = await browser.go(url.href);
  report.check('logout by the application: back at its page, with its state',
    end.url === `${world.goodbye}?state=${state}`, `${end.status} ${end.url} ${words(end.html)}`);
  const silent = await request(world, config, { prompt: 'none' });
  const page = await browser.go(silent.url);
  await report.answers('nobody is signed in any more', 'login_required',
    () => oidc.authorizationCodeGrant(config, new URL(page.url), silent.checks));
  await report.answers('the refresh token is over', 'invalid_grant', () => oidc.refreshTokenGrant(config, given.refresh_token));
  report.check('the access token is not active', !(await oidc.tokenIntrospection(config, given.access_token)).active);
  const [told1] = await until('the logout token', async () => {
    const all = await told(world, config, claims.sid);
    return all.length && all;
  });
  report.check('the application is told by a logout token that verifies, although it was down at first',
    told1.payload.sub === claims.sub && told1.payload.events[EVENT] && !('nonce' in told1.payload) && world.down === 0,
    JSON.stringify(told1));
  report.check('as a form', /^application\/x-www-form-urlencoded/.test(told1.type), told1.type);
  const others = world.arrived.filter((a) => a.url === '/shop/backchannel');
  report.check('an application that had no token in the session is told nothing', others.length === 0, JSON.stringify(others));

  await asked(world, config);
  await elsewhere(world, config);
}

// What gets a page of ours and no redirect, and ends nothing.
async function refusals(world, config, browser, given) {
  const { oidc, report } = world;
  const { id_token: hint } = given;
  const [head, , signature] = hint.split('.');
  const { privateKey } = await generateKeyPair('ES256');
  const claims = decodeJwt(hint);
  const foreign = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ: 'JWT' }).sign(privateKey);
  const altered = Buffer.from(JSON.stringify({ ...claims, sub: 'somebody' })).toString('base64url');
  const before = world.arrived.length;
  for (const [what, change] of [
    ['a return address that is not registered', { post_logout_redirect_uri: `${world.home}/elsewhere` }],
    ['a registered one with something added', { post_logout_redirect_uri: `${world.goodbye}/more` }],
    ['a hint without a signature', { id_token_hint: new UnsecuredJWT(claims).encode() }],
    ['a hint that somebody else signed', { id_token_hint: foreign }],
    ['a hint that was altered', { id_token_hint: `${head}.${altered}.${signature}` }],
    ['a hint that is an access token', { id_token_hint: given.access_token }],
    ['a return address without hint and client', { id_token_hint: undefined, client_id: undefined }],
  ]) {
    const wanted = { id_token_hint: hint, post_logout_redirect_uri: world.goodbye, state: 'x', ...change };
    const url = new URL(config.serverMetadata().end_session_endpoint);
    for (const [name, value] of Object.entries(wanted)) if (value) url.searchParams.set(name, value);
    const page = await browser.go(url.href);
    report.check(`${what}: a page and no redirect`, page.url.startsWith(world.issuer) && /id="title"/.test(page.html),
      `${page.status} ${page.url}`);
  }
  report.check('none of them arrived at the application', world.arrived.length === before);
  const still = await tokens(world, config, browser, world.bert);
  report.check('and the person is still signed in', still.given.claims().sid === claims.sid);
}

// Logout that nobody proved to want: the person is asked.
async function asked(world, config) {
  const { report } = world;
  const browser = new Browser();
  const { given } = await tokens(world, config, browser, world.bert);
  const end = config.serverMetadata().end_session_endpoint;
  let page = await browser.go(end);
  report.check('logout without a hint asks first', page.html.includes('id="logout-yes"') && page.html.includes('id="logout-no"'),
    words(page.html));
  await browser.submit(page, 'logout-no');
  const still = await tokens(world, config, browser, world.bert);
  report.check('who says no stays', still.given.claims().sid === given.claims().sid);
  page = await browser.go(end);
  page = await browser.submit(page, 'logout-yes');
  report.check('who says yes ends on a signed-out page', page.status === 200 && page.html.includes('id="signed-out"'), words(page.html));
  const again = await enter(world, browser, (await request(world, config, { prompt: 'none' })).url, world.bert);
  report.check('and is out', new URL(again.url).searchParams.get('error') === 'login_required', again.url);
}

// Sessions that end elsewhere are told as well.
async function elsewhere(world, config) {
  const { report, oidc } = world;
  const first = new Browser();
  const { given } = await tokens(world, config, first, world.bert);
  const me = await first.go(`${world.issuer}/me`);
  await first.submit(me, '/me/signout');
  await until('the logout token of a sign-out with us', async () => (await told(world, config, given.claims().sid)).length);
  report.check('who signs out with us is signed out of the application', true);

  const second = new Browser();
  const last = await tokens(world, config, second, world.bert, { scope: 'openid offline_access' });
  muster('user', 'disable', 'contoso', 'bert');
  await until('the logout token of a person switched off', async () => (await told(world, config, last.given.claims().sid)).length);
  report.check('so is who was switched off', true);
  await report.answers('whose refresh token is over', 'invalid_grant',
    () => oidc.refreshTokenGrant(config, last.given.refresh_token));
}
