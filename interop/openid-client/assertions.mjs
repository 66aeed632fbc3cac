// Services that prove themselves with a private key (RFC 7523), and assertions that prove nothing.

import { exportJWK, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { writeFileSync } from 'node:fs';
import { muster } from '../person.mjs';

export async function assertions(world) {
  for (const alg of ['ES256', 'RS256']) await one(world, alg);
}

async function one(world, alg) {
  const { oidc, report } = world;
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = { ...await exportJWK(publicKey), kid: `service-${alg}`, use: 'sig', alg };
  const file = `${process.env.DATA}/${alg}.jwks`;
  writeFileSync(file, JSON.stringify({ keys: [jwk] }));
  const made = muster('integration', 'create', 'contoso', `Nightly ${alg}`, '--role', 'Read-Only', '--scope', 'users.view',
    '--jwks-file', file);
  const id = made.client_id;
  report.check(`${alg}: a client with a key has no secret`, !made.client_secret, JSON.stringify(made));
  const config = await world.discover(id, undefined, oidc.PrivateKeyJwt({ key: privateKey, kid: jwk.kid }));
  const given = await oidc.clientCredentialsGrant(config, { scope: 'users.view' });
  report.check(`${alg}: client credentials with a private key`, given.scope === 'users.view', JSON.stringify(given));
  const seen = await oidc.tokenIntrospection(config, given.access_token);
  report.check(`${alg}: introspection and revocation take the assertion as well`, seen.active === true, JSON.stringify(seen));
  await oidc.tokenRevocation(config, given.access_token);
  report.check(`${alg}:   revoked`, !(await oidc.tokenIntrospection(config, given.access_token)).active);

  const endpoint = config.serverMetadata().token_endpoint;
  const now = () => Math.floor(Date.now() / 1000);
  const claims = (more) => ({
    iss: id, sub: id, aud: world.issuer, jti: crypto.randomUUID(), iat: now(), exp: now() + 60, ...more,
  });
  const signed = (more, key = privateKey, header = {}) => new SignJWT(JSON.parse(JSON.stringify(claims(more))))
    .setProtectedHeader({ alg, kid: jwk.kid, ...header }).sign(key);
  const send = async (assertion, more = {}) => {
    const body = new URLSearchParams({
      grant_type: 'client_credentials', client_assertion: assertion,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', ...more,
    });
    const answer = await fetch(endpoint, { method: 'POST', body });
    return { status: answer.status, ...await answer.json() };
  };
  const fails = async (what, assertion, more, error = 'invalid_client') => {
    const answer = await send(await assertion, more);
    report.check(`${alg}: refused: ${what}`, answer.error === error && answer.status >= 400 && answer.status < 500,
      JSON.stringify(answer));
  };

  const twice = await signed();
  report.check(`${alg}: an assertion of our own making`, Boolean((await send(twice)).access_token));
  await fails('the same once more', twice);
  const stranger = await generateKeyPair(alg, { extractable: true });
  await fails('signed with another key', signed({}, stranger.privateKey));
  await fails('for another audience', signed({ aud: 'https://another.example' }));
  await fails('over', signed({ iat: now() - 600, exp: now() - 300 }));
  await fails('good for a day', signed({ exp: now() + 86_400 }));
  await fails('without an end', signed({ exp: undefined }));
  await fails('without an id', signed({ jti: undefined }));
  await fails('not valid yet', signed({ nbf: now() + 300 }));
  await fails('about somebody else', signed({ sub: world.wiki.id }));
  await fails('from somebody else', signed({ iss: world.wiki.id }));
  await fails('without a signature', new UnsecuredJWT(claims()).encode());
  const secret = new TextEncoder().encode(await exportSPKI(publicKey));
  await fails('HS256 over the public key', signed({}, secret, { alg: 'HS256' }));
  await fails('in the name of another client', signed(), { client_id: world.wiki.id });
  const two = await send(await signed(), { client_secret: 'x' });
  report.check(`${alg}: refused: two proofs at once`, ['invalid_request', 'invalid_client'].includes(two.error), JSON.stringify(two));
  const other = await send(await signed(), { client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer' });
  report.check(`${alg}: refused: an assertion of another type`, ['invalid_request', 'invalid_client'].includes(other.error),
    JSON.stringify(other));
}
