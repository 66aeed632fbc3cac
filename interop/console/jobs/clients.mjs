// Applications and integrations: made, their secrets changed without an interruption, switched off, deleted.

import { muster } from '../../person.mjs';

const app = (name) => muster('app', 'list', 'contoso').items.find((a) => a.name === name);
const integration = (name) => muster('integration', 'list', 'contoso').items.find((a) => a.name === name);

// Whether a client's secret is taken at the token endpoint.
async function taken(url, id, secret) {
  const answer = await fetch(`${url}/oauth/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  });
  return (await answer.json()).error !== 'invalid_client';
}

// Its secret is changed: a second one, then the first goes.
async function rotate({ ada, check, url }, room, client, first) {
  await ada.at('contoso', `/${room}/${client.id}`);
  await ada.press('add-secret');
  const second = await ada.text('#secret');
  check('a second secret is shown', second && second !== first && /not shown again/.test(await ada.text()), await ada.words());
  check('both are good', await taken(url, client.client_id, first) && await taken(url, client.client_id, second));
  await ada.press('done-with-it');
  check('no page shows it again', !(await ada.page.content()).includes(second));
  check('there is no third', !await ada.has('add-secret'));
  // The first is the one that stands for the older.
  const hints = (await ada.api(`/tenants/contoso/${room}/${client.id}/secrets`)).body.items;
  const old = hints.find((h) => first.endsWith(h.hint.replace(/^\W+/, ''))) ?? hints.sort((a, b) => a.created_at.localeCompare(b.created_at))[0];
  await Promise.all([ada.page.waitForEvent('domcontentloaded'), ada.page.locator(`[id="secret-${old.id}"] a`).click()]);
  await ada.press('revoke');
  check('the first is refused, the second is not', !await taken(url, client.client_id, first) && await taken(url, client.client_id, second), await ada.words());
}

export const clients = {
  async 'an application is made, its secret changed'(world) {
    const { ada, check } = world;
    await ada.at('contoso', '/apps');
    await ada.press('add');
    await ada.fill({ name: 'Wiki', kind: 'web', redirect_uris: 'http://wiki.contoso.example/callback' });
    await ada.button('Add the application');
    check('a redirect URI without TLS is said at the field', await ada.saidAt('redirect_uris'), await ada.words());
    check('and what was typed stays', await ada.value('name') === 'Wiki' && (await ada.value('redirect_uris')).startsWith('http://wiki'), await ada.words());
    await ada.fill({ redirect_uris: 'https://wiki.contoso.example/callback' });
    await ada.button('Add the application');
    const first = await ada.text('#secret');
    const made = app('Wiki');
    check('it is there', made?.redirect_uris?.[0] === 'https://wiki.contoso.example/callback' || made?.settings?.redirect_uris?.[0], JSON.stringify(made));
    await rotate(world, 'apps', made, first);
    await ada.at('contoso', `/apps/${made.id}`);
    await ada.press('off');
    await ada.press('confirm');
    check('it is switched off', app('Wiki').enabled === false, await ada.words());
    await ada.press('delete');
    await ada.press('delete');
    check('and deleted', !app('Wiki'), await ada.words());
  },

  async 'an integration is made, its secret changed'(world) {
    const { ada, check } = world;
    await ada.at('contoso', '/integrations');
    await ada.press('add');
    const role = (await ada.api('/tenants/contoso/roles?limit=50')).body.items.find((r) => r.name === 'Read-Only').id;
    await ada.fill({ name: 'Ticket system', roles: [role], proof: 'key', jwks: 'not keys at all', scopes: ['computers.view'] });
    await ada.button('Add the integration');
    check('keys that are none are said at the field', await ada.saidAt('jwks'), await ada.words());
    check('and what was typed stays', await ada.value('name') === 'Ticket system' && await ada.value('jwks') === 'not keys at all'
      && await ada.page.locator('[name=scopes][value="computers.view"]').isChecked(), await ada.words());
    await ada.fill({ proof: 'secret', jwks: '' });
    await ada.button('Add the integration');
    const first = await ada.text('#secret');
    const made = integration('Ticket system');
    check('it is there, with its permissions', JSON.stringify(made ?? {}).includes('computers.view'), JSON.stringify(made));
    check('its secret is good', await taken(world.url, made.client_id, first));
    await rotate(world, 'integrations', made, first);
    await ada.at('contoso', `/integrations/${made.id}/edit`);
    await ada.fill({ access_ttl: '5' });
    await ada.button('Save');
    check('too short a life of tokens is said at the field', await ada.saidAt('access_ttl') && await ada.value('access_ttl') === '5', await ada.words());
  },
};
