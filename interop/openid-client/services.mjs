// Services without a person: client credentials, and what a client may ask about and end of its own tokens.

import { muster } from '../person.mjs';

export async function services(world) {
  const { oidc, report } = world;
  const made = muster('integration', 'create', 'contoso', 'Backup', '--role', 'Read-Only', '--scope', 'users.view',
    '--scope', 'computers.view');
  const id = made.client_id;
  const secret = made.client_secret;

  for (const [way, proof] of [['basic', oidc.ClientSecretBasic(secret)], ['post', oidc.ClientSecretPost(secret)]]) {
    const config = await world.discover(id, undefined, proof);
    const given = await oidc.clientCredentialsGrant(config, { scope: 'users.view' });
    report.check(`client credentials with the secret by ${way}`, given.scope === 'users.view' && given.expires_in > 0,
      JSON.stringify(given));
    report.check(`  and neither id token nor refresh token (${way})`, !given.id_token && !given.refresh_token);
    const wrong = await world.discover(id, undefined,
      way === 'basic' ? oidc.ClientSecretBasic('wrong') : oidc.ClientSecretPost('wrong'));
    await report.answers(`  a wrong secret by ${way}`, 'invalid_client', () => oidc.clientCredentialsGrant(wrong));
  }

  const config = await world.discover(id, secret);
  const all = await oidc.clientCredentialsGrant(config);
  report.check('without a scope: all that were chosen for it', all.scope === 'users.view computers.view', all.scope);
  await report.answers('a scope that was not chosen for it', 'invalid_scope',
    () => oidc.clientCredentialsGrant(config, { scope: 'users.edit' }));
  await report.answers('a tenant in which it has no role', 'access_denied',
    () => oidc.clientCredentialsGrant(config, { tenant: 'nowhere' }));

  const seen = await oidc.tokenIntrospection(config, all.access_token);
  report.check('introspection: active, with scope, client and tenant',
    seen.active && seen.scope === all.scope && seen.client_id === id && Boolean(seen.tid), JSON.stringify(seen));
  const nonsense = await oidc.tokenIntrospection(config, 'nonsense');
  report.check('introspection of nonsense says only that it is not active',
    JSON.stringify(nonsense) === '{"active":false}', JSON.stringify(nonsense));
  await oidc.tokenRevocation(config, all.access_token);
  report.check('a revoked token is not active', (await oidc.tokenIntrospection(config, all.access_token)).active === false);
  await oidc.tokenRevocation(config, all.access_token);
  report.check('revoking it again is no error', true);
  const stranger = muster('integration', 'create', 'contoso', 'Stranger', '--role', 'Read-Only', '--scope', 'users.view');
  const theirs = await world.discover(stranger.client_id, stranger.client_secret);
  const mine = await oidc.clientCredentialsGrant(config);
  await oidc.tokenRevocation(theirs, mine.access_token).catch(() => {});
  report.check('another client cannot revoke it', (await oidc.tokenIntrospection(config, mine.access_token)).active === true);
}
