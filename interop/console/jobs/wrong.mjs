// A wrong input on the forms that no other job sends: the problem is said at the field, and what was typed stays.

import { muster } from '../../person.mjs';

const id = {
  bert: () => muster('user', 'show', 'contoso', 'bert').id,
  entra: (w) => w.entra.id,
  depot: (w) => w.depot,
};

// Where, which field is wrong, and all that is typed. `stays` false: what is secret is typed anew.
const FORMS = [
  { name: 'letting somebody ask', path: () => '/elevation/eligible/add', at: 'user', fields: { user: 'nobody-like-that', role: { index: 1 }, max_minutes: '2', reason: 'on call' } },
  { name: 'a role on the instance', path: () => '/admin/instance/assignments/add', at: 'user', fields: { user: 'nobody-like-that', role: { index: 1 }, reason: 'for a while' } },
  { name: 'letting somebody ask on the instance', path: () => '/admin/system/elevation/eligible/add', at: 'user', fields: { user: 'nobody-like-that', role: { index: 1 }, max_minutes: '2', reason: 'on call' } },
  { name: 'a password for somebody', path: (w) => `/users/${id.bert(w)}/help/password`, at: 'password', fields: { password: 'short' }, stays: false },
  { name: 'a role changed', path: (w) => `/roles/${id.depot(w)}/edit`, at: 'name', fields: { name: 'Packager', description: 'Other words' }, button: 'save' },
  { name: 'a tenant renamed', path: () => '/admin/tenants/initech', at: 'name', fields: { name: ' ', tags: 'one, two' } },
  { name: 'a directory renamed', path: (w) => `/directories/${id.entra(w)}/edit`, at: 'name', fields: { name: ' ' } },
  { name: 'the end of a SCIM token', path: (w) => `/directories/${id.entra(w)}/provisioning`, at: 'expires_at', fields: { expires_at: '2020-01-01' } },
  { name: 'the end of a secret', path: (w) => `/apps/${w.portal.id}`, at: 'expires_at', fields: { expires_at: '2020-01-01' } },
  { name: 'an application changed', path: (w) => `/apps/${w.portal.id}/edit`, at: 'backchannel_logout_uri', fields: { name: 'Contoso Portal', backchannel_logout_uri: 'http://portal.contoso.example/out' } },
  { name: 'a domain by hand', path: () => '/admin/system/domains', at: 'domain', fields: { domain: 'gmail.com', tenant: 'initech' } },
  { name: 'attributes of one’s own', path: () => '/schemas/declare', at: 'id', fields: { id: 'no urn', name: 'Ours' } },
  { name: 'many invited', path: () => '/invitations/many', fields: { people: 'not an address, Nobody' }, says: /left out/ },
  { name: 'a reference that is none', path: () => '/signins', form: '#find', fields: { reference: 'no reference' }, says: /./, get: true },
];

async function one({ ada, check, ...world }, { path, at, fields, says, button, form, get, stays = true }) {
  const to = path(world);
  await ada.go(`${world.url}${to.startsWith('/admin') ? to : `/admin/in/contoso${to}`}`);
  await ada.fill(fields);
  const sent = button === 'save' ? ada.page.locator('#look') : null;
  const name = Object.keys(fields)[0];
  const press = sent ?? ada.page.locator(form ? `${form} button` : `main form[method=post]:has([name="${name}"]) button:not([type=button], [formnovalidate])`).first();
  await Promise.all([ada.page.waitForEvent('domcontentloaded'), press.click()]);
  if (button === 'save' && await ada.has('save')) await ada.press('save');
  if (says) check('the page says so', says.test(await ada.text()) && ada.answer.status() < 500, await ada.words());
  if (at) check('the problem is said at the field', await ada.saidAt(at) && ada.answer.status() >= 400, `${ada.answer.status()} ${await ada.text()}`);
  if (at && stays) {
    const kept = [];
    for (const [field, typed] of Object.entries(fields).filter(([, v]) => typeof v === 'string')) kept.push([field, await ada.value(field).catch(() => '(gone)'), typed.trim()]);
    check('and what was typed stays', kept.every(([, now, typed]) => now === typed), JSON.stringify(kept.filter(([, now, typed]) => now !== typed)).slice(0, 300));
  }
  if (!get) check('nobody is thrown out', ada.path.startsWith('/admin'), ada.page.url());
}

export const wrong = Object.fromEntries(FORMS.map((f) => [`wrong input: ${f.name}`, async (world) => {
  const depot = muster('role', 'list', 'contoso').items.find((r) => r.name === 'Depot')?.id
    ?? muster('role', 'create', 'contoso', 'Depot', '--permission', 'software.view').id;
  await one({ ...world, depot }, f);
}]));
