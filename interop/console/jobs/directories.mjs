// A directory of Entra step by step, with its token and its log; a domain asked for.

import { muster } from '../../person.mjs';
import { scim } from '../seed.mjs';

const SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:User';
const directory = () => muster('directory', 'list', 'fabrikam').items.find((d) => d.name === 'Fabrikam Entra');

export const directories = {
  async 'a directory is added step by step'({ ada, check }) {
    await ada.at('fabrikam', '/directories');
    await ada.press('add');
    await ada.fill({ preset: 'entra', name: ' ' });
    await ada.button('Add the directory');
    check('a name of nothing is said at the field', await ada.saidAt('name'), await ada.words());
    check('and the choice stays', await ada.page.locator('[name=preset][value=entra]').isChecked());
    await ada.fill({ name: 'Fabrikam Entra' });
    await ada.button('Add the directory');
    const made = directory();
    check('it is there', made?.preset === 'entra', JSON.stringify(made));
    await ada.at('fabrikam', `/directories/${made.id}/steps`);
    const steps = await ada.text();
    check('the steps say what to click there and what to register', /Microsoft Entra/.test(steps) && steps.includes('/federation/callback/'), steps.slice(0, 400));
    await ada.fill({ issuer: 'not an id', client_id: '0b6f', client_secret: 'kept-by-nobody' });
    await ada.button('Save', '#enter');
    check('a wrong tenant id is said at the field', await ada.saidAt('issuer'), await ada.words());
    check('and what was typed stays', await ada.value('client_id') === '0b6f', await ada.words());
    const id = '9f6f3b1c-0d5e-4b39-8a57-3d1b8a3d0c11';
    await ada.fill({ issuer: id, client_secret: 'kept-by-nobody' });
    await ada.button('Save', '#enter');
    check('its sign-in is there, as a draft', directory().signin?.issuer.includes(id) && !await ada.has('problem'), JSON.stringify(directory().signin) + await ada.words());
  },

  async 'a SCIM token is made, the log read, a request replayed'({ ada, check }) {
    const { id } = directory();
    await ada.at('fabrikam', `/directories/${id}/steps`);
    await ada.press('make-token');
    await ada.button(/^Make a token$/, '#make-token');
    const token = await ada.text('#token');
    check('the token is shown', token.length > 20 && /not shown again/.test(await ada.text()), await ada.words());
    const base = await ada.text('#scim-url');
    check('with the address', base.includes('/scim/'), base);
    const made = await scim(base, token, 'POST', '/Users', {
      schemas: [SCHEMA], externalId: 'x-1', userName: 'fay@fabrikam.example', displayName: 'Fay First', active: true,
    });
    check('it is good for the directory', made.status === 201, JSON.stringify(made));
    await scim(base, token, 'PATCH', `/Users/${made.id}`, {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations: [{ op: 'Replace', path: 'displayName', value: 'Fay Second' }],
    });
    await ada.at('fabrikam', `/directories/${id}/provisioning`);
    check('it is not shown again', !(await ada.page.content()).includes(token), '');
    muster('directory', 'edit', 'fabrikam', 'Fabrikam Entra', '--log-bodies', 'full');
    await scim(base, token, 'PATCH', `/Users/${made.id}`, {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations: [{ op: 'Replace', path: 'displayName', value: 'Fay Third' }],
    });
    await scim(base, token, 'PATCH', `/Users/${made.id}`, {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations: [{ op: 'Replace', path: 'displayName', value: 'Fay Fourth' }],
    });
    await ada.at('fabrikam', `/directories/${id}/log?method=PATCH`);
    check('the log has what was asked', await ada.page.locator('main tbody tr').count() === 3, await ada.text('main table'));
    // Of the two whole ones the older.
    const entries = (await ada.api(`/tenants/fabrikam/directories/${id}/log?method=PATCH&limit=50`)).body.items;
    await ada.at('fabrikam', `/directories/${id}/log/${entries[1].id}`);
    await ada.button('Try it once more');
    check('tried once more, it says what would change, and nothing does', (await ada.text('#told')).includes('Fay Third')
      && muster('user', 'show', 'fabrikam', 'fay@fabrikam.example').display_name === 'Fay Fourth', await ada.words());
    await ada.button('Do it for good');
    check('and done for good, it does', muster('user', 'show', 'fabrikam', 'fay@fabrikam.example').display_name === 'Fay Third', await ada.words());
  },

  async 'a token is revoked'({ ada, check }) {
    const { id } = directory();
    await ada.at('fabrikam', `/directories/${id}/provisioning`);
    await ada.click(/Revoke/, { within: '#tokens' });
    await ada.press('confirm');
    const left = muster('scim-token', 'list', 'fabrikam', 'Fabrikam Entra').items.filter((t) => !t.revoked_at);
    check('it is over', left.length === 0, JSON.stringify(left));
  },

  async 'a domain is asked for'({ ada, check }) {
    await ada.at('fabrikam', '/domains');
    await ada.fill({ domain: 'gmail.com' });
    await ada.button('Get the record to publish');
    check('what is nobody’s own is said at the field', await ada.saidAt('domain') && await ada.value('domain') === 'gmail.com', await ada.words());
    await ada.fill({ domain: 'fabrikam.example' });
    await ada.button('Get the record to publish');
    const asked = (await ada.api('/tenants/fabrikam/domains')).body.items.find((d) => d.domain === 'fabrikam.example' || d.name === 'fabrikam.example');
    check('it is asked for', Boolean(asked?.record), JSON.stringify(asked));
    check('and the page says what to publish', (await ada.text()).includes(asked?.record.value), await ada.words());
    await ada.press('check');
    check('looked for now, it is not there, and the page says so', await ada.has('found') || await ada.has('problem'), await ada.words());
  },
};
