// A company's life: made, suspended, resumed, deleted.

import { muster, until } from '../../person.mjs';

const tenant = () => muster('tenant', 'list').items.find((t) => t.slug === 'umbrella');

export const tenants = {
  async 'a tenant is made, suspended, resumed, deleted'({ ada, check, url }) {
    await ada.go(`${url}/admin/tenants`);
    await ada.press('add');
    await ada.fill({ name: 'Umbrella', slug: 'contoso', tags: 'pharma, new' });
    await ada.button('Add the tenant');
    check('a short name that is taken is said at the field', await ada.saidAt('slug'), await ada.words());
    check('and what was typed stays', await ada.value('name') === 'Umbrella' && await ada.value('tags') === 'pharma, new', await ada.words());
    await ada.fill({ slug: 'umbrella' });
    await ada.button('Add the tenant');
    check('it is there', tenant()?.status === 'active' && tenant().tags.length === 2, JSON.stringify(tenant()));
    await ada.press('suspend');
    check('the page says what it does', /end/.test(await ada.text()) && tenant().status === 'active', await ada.words());
    await ada.press('suspend');
    check('it is suspended', tenant().status === 'suspended', JSON.stringify(tenant()));
    await ada.press('resume');
    check('and resumed', tenant().status === 'active', JSON.stringify(tenant()));
    await ada.press('suspend');
    await ada.press('suspend');
    const [file] = await Promise.all([ada.page.waitForEvent('download'), ada.page.locator('#export').first().click()]);
    check('it can be taken along first', file.suggestedFilename() === 'umbrella.ndjson', file.suggestedFilename());
    ada.noise.splice(0);
    await ada.press('delete');
    await ada.fill({ confirm: 'umbrela' });
    await ada.press('delete');
    check('another name is said at the field', await ada.saidAt('confirm') && tenant()?.status === 'suspended', await ada.words());
    await ada.fill({ confirm: 'umbrella' });
    await ada.press('delete');
    await until('the tenant to be gone', () => !tenant());
    check('it is gone', !tenant(), await ada.words());
  },
};
