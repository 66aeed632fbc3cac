// A person signs in to the application: code with PKCE, the id token as the library checks it, userinfo, and refresh
// tokens that are used once.

import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { Browser, totp, words } from '../person.mjs';

// What the application remembers of a request it sent a browser out with.
export async function request(world, config, more = {}) {
  const { oidc } = world;
  const checks = {
    pkceCodeVerifier: oidc.randomPKCECodeVerifier(), expectedState: oidc.randomState(), expectedNonce: oidc.randomNonce(),
  };
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: world.callback,
    scope: 'openid profile email',
    code_challenge: await oidc.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    ...more,
  });
  return { url: url.href, checks };
}

// Leads a browser from `url` through the sign-in pages of company and password, and the code if there is one.
export async function enter(world, browser, url, person) {
  let page = await browser.go(url);
  if (page.url.startsWith(world.home)) return page;
  if (page.html.includes('id="tenant"')) page = await browser.submit(page, '/tenant', { tenant: 'contoso' });
  page = await browser.submit(page, '/password', { user_name: person.name, password: world.password });
  if (page.html.includes('id="code"')) page = await browser.submit(page, '/code', { code: totp(person.secret) });
  return page;
}

// The whole of it: out, in, and back with tokens.
export async function tokens(world, config, browser, person, more) {
  const asked = await request(world, config, more);
  const page = await enter(world, browser, asked.url, person);
  if (!page.url.startsWith(world.callback)) throw new Error(`not back at the application: ${page.url} ${words(page.html)}`);
  const given = await world.oidc.authorizationCodeGrant(config, new URL(page.url), asked.checks);
  return { given, page, asked };
}

export async function signIn(world) {
  const { oidc, report, wiki } = world;
  const config = await world.discover(wiki.id, wiki.secret);
  const browser = new Browser();
  world.browser = browser;

  const { given, page, asked } = await tokens(world, config, browser, world.anna, {
    scope: 'openid profile email offline_access users.view',
  });
  const claims = given.claims();
  report.check('code and PKCE: a person with password and one-time code comes back with tokens',
    claims.sub === world.anna.id && given.token_type === 'bearer', JSON.stringify(given));
  report.check('the response names its issuer', new URL(page.url).searchParams.get('iss') === world.issuer, page.url);
  report.check('the id token says how: amr holds mfa, acr is ours, auth_time and sid are there',
    claims.amr?.includes('mfa') && claims.acr === 'urn:muster:loa:2' && claims.auth_time > 0 && Boolean(claims.sid),
    JSON.stringify(claims));
  const keys = createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri));
  const { payload } = await jwtVerify(given.id_token, keys, { issuer: world.issuer, audience: wiki.id });
  report.check('the id token verifies with jose against our published keys', payload.nonce === asked.checks.expectedNonce);
  const access = await jwtVerify(given.access_token, keys, { issuer: world.issuer, typ: 'at+jwt' });
  report.check('so does the access token, of type at+jwt', access.payload.sub === claims.sub && access.payload.scope.includes('users.view'),
    JSON.stringify(access.payload));
  report.check('what was not granted is not in the scope', !given.scope.split(' ').includes('computers.view'), given.scope);

  const about = await oidc.fetchUserInfo(config, given.access_token, claims.sub);
  report.check('userinfo, checked against the subject', about.name === 'Anna Berg' && about.email === 'anna@contoso.example',
    JSON.stringify(about));
  await report.refuses('userinfo for another subject', () => oidc.fetchUserInfo(config, given.access_token, 'somebody'),
    (e) => e.code === 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED');

  await codes(world, config, browser, keys);
  await rotation(world, config, given);
  await pages(world, config, browser);
}

// Codes: once, by the one who asked, with the verifier.
async function codes(world, config, browser, keys) {
  const { oidc, report } = world;
  const once = await tokens(world, config, browser, world.anna);
  report.check('signed in already: no page in between', once.given.claims().sub === world.anna.id);
  await report.answers('a code used a second time', 'invalid_grant',
    () => oidc.authorizationCodeGrant(config, new URL(once.page.url), once.asked.checks));
  await report.refuses('and the tokens that the first use gave are over',
    () => oidc.fetchUserInfo(config, once.given.access_token, oidc.skipSubjectCheck), (e) => e.status === 401);

  const fresh = async () => {
    const asked = await request(world, config);
    return { asked, at: new URL((await browser.go(asked.url)).url) };
  };
  let { asked, at } = await fresh();
  await report.answers('the verifier of another request', 'invalid_grant',
    () => oidc.authorizationCodeGrant(config, at, { ...asked.checks, pkceCodeVerifier: oidc.randomPKCECodeVerifier() }));
  await report.answers('the same code, now with the right verifier: it is spent', 'invalid_grant',
    () => oidc.authorizationCodeGrant(config, at, asked.checks));
  ({ asked, at } = await fresh());
  const other = await world.discover(world.wiki.id, 'not-the-secret');
  await report.answers('a wrong client secret', 'invalid_client', () => oidc.authorizationCodeGrant(other, at, asked.checks));
  report.check('which costs the code nothing',
    Boolean((await oidc.authorizationCodeGrant(config, at, asked.checks)).id_token));
  ({ asked, at } = await fresh());
  await report.refuses('the library refuses an answer to another request',
    () => oidc.authorizationCodeGrant(config, at, { ...asked.checks, expectedState: oidc.randomState() }),
    (e) => /state/.test(e.cause?.message ?? e.message));
  ({ asked, at } = await fresh());
  const mixed = new URL(at);
  mixed.searchParams.set('iss', 'https://another.example');
  await report.refuses('and one that names another issuer',
    () => oidc.authorizationCodeGrant(config, mixed, asked.checks), (e) => /iss/.test(e.cause?.message ?? e.message));
  const { protectedHeader } = await jwtVerify(once.given.id_token, keys);
  report.check('every token names its key', Boolean(protectedHeader.kid) && Boolean(decodeProtectedHeader(once.given.access_token).kid));
}

// Refresh tokens: each once, and a second use ends what came of it.
async function rotation(world, config, given) {
  const { oidc, report } = world;
  const second = await oidc.refreshTokenGrant(config, given.refresh_token);
  report.check('refresh gives a new refresh token', second.refresh_token && second.refresh_token !== given.refresh_token);
  report.check('and an id token of the same person and session, with the old auth_time',
    ['sub', 'sid', 'auth_time'].every((c) => second.claims()[c] === given.claims()[c]), JSON.stringify(second.claims()));
  const third = await oidc.refreshTokenGrant(config, second.refresh_token, { scope: 'openid' });
  report.check('a smaller scope can be asked for', third.scope === 'openid' && Boolean(third.refresh_token), third.scope);
  await report.answers('a larger one cannot', 'invalid_scope',
    () => oidc.refreshTokenGrant(config, third.refresh_token, { scope: 'openid computers.edit' }));
  const fourth = await oidc.refreshTokenGrant(config, third.refresh_token).catch((e) => e);
  report.check('and having asked for it costs the refresh token nothing', Boolean(fourth.refresh_token), fourth);
  await report.answers('a refresh token that was used', 'invalid_grant',
    () => oidc.refreshTokenGrant(config, second.refresh_token));
  await report.answers('and its use ended the newest of the family as well', 'invalid_grant',
    () => oidc.refreshTokenGrant(config, fourth.refresh_token ?? third.refresh_token));
  const stranger = await world.discover(world.shop.id, world.shop.secret);
  const { given: own } = await tokens(world, config, world.browser, world.anna, { scope: 'openid offline_access' });
  await report.answers('another application cannot use it', 'invalid_grant',
    () => oidc.refreshTokenGrant(stranger, own.refresh_token));
  const still = await oidc.refreshTokenGrant(config, own.refresh_token).catch((e) => e);
  report.check('and ends nothing by trying', Boolean(still.refresh_token), still);
  await oidc.tokenRevocation(config, still.refresh_token);
  await report.answers('a refresh token that the application revoked', 'invalid_grant',
    () => oidc.refreshTokenGrant(config, still.refresh_token));
}

// What gets a page of ours and no redirect, and what goes back to the application as an error.
async function pages(world, config, browser) {
  const { oidc, report } = world;
  const before = world.arrived.length;
  for (const [what, change] of [
    ['a redirect URI that is not registered', { redirect_uri: `${world.home}/elsewhere` }],
    ['a redirect URI with something added', { redirect_uri: `${world.callback}?more=1` }],
    ['a client that nobody knows', { client_id: 'nobody' }],
  ]) {
    const asked = await request(world, config, change);
    const page = await browser.go(asked.url);
    report.check(`${what} gets a page and no redirect`,
      page.status === 400 && page.url.startsWith(world.issuer) && /id="title"/.test(page.html), `${page.status} ${page.url}`);
  }
  report.check('nothing arrived at the application', world.arrived.length === before);

  const nobody = new Browser();
  for (const [error, change] of [
    ['login_required', { prompt: 'none' }],
    ['invalid_request', { code_challenge_method: 'plain' }],
    ['unsupported_response_type', { response_type: 'token' }],
    ['request_not_supported', { request: 'eyJhbGciOiJub25lIn0.e30.' }],
  ]) {
    const asked = await request(world, config, change);
    const page = await nobody.go(asked.url);
    await report.answers(`${JSON.stringify(change)} comes back as ${error}`, error,
      () => oidc.authorizationCodeGrant(config, new URL(page.url), asked.checks));
  }
}
