// npm's scimmy-routers in an Express app, with people and groups in memory: what the library leaves to the application
// (what is kept, what is unique, who is in which group) is done here as the standard has it, so that what differs is
// the library's.
//
// node server.mjs PORT TOKEN

import { randomUUID } from 'node:crypto';
import express from 'express';
import SCIMMY from 'scimmy';
import SCIMMYRouters from 'scimmy-routers';

const [port, token] = process.argv.slice(2);
const users = new Map();
const groups = new Map();

function inMemory(Type, all, key, shown, forget) {
  const found = (id) => {
    const it = all.get(id);
    if (!it) throw new SCIMMY.Types.Error(404, null, `${id} not found`);
    return it;
  };
  SCIMMY.Resources.declare(Type, {
    ingress(resource, data) {
      const was = resource.id ? found(resource.id) : undefined;
      const same = (it) => it !== was && it[key].toLowerCase() === data[key].toLowerCase();
      if ([...all.values()].some(same)) throw new SCIMMY.Types.Error(409, 'uniqueness', `${key} '${data[key]}' is taken`);
      const now = new Date().toISOString();
      const meta = { created: was?.meta.created ?? now, lastModified: now };
      const it = { ...data, id: was?.id ?? randomUUID(), meta };
      all.set(it.id, it);
      return shown(it);
    },
    egress(resource) {
      if (resource.id) return shown(found(resource.id));
      const list = [...all.values()].map(shown);
      return resource.filter ? resource.filter.match(list) : list;
    },
    degress(resource) {
      forget(found(resource.id).id);
      all.delete(resource.id);
    },
  });
}

const groupsOf = (id) =>
  [...groups.values()]
    .filter((g) => g.members?.some((m) => m.value === id))
    .map((g) => ({ value: g.id, display: g.displayName, type: 'direct' }));

inMemory(
  SCIMMY.Resources.User.extend(SCIMMY.Schemas.EnterpriseUser), users, 'userName',
  (user) => ({ ...user, groups: groupsOf(user.id) }),
  (id) => {
    for (const g of groups.values()) g.members = g.members?.filter((m) => m.value !== id);
  },
);
inMemory(SCIMMY.Resources.Group, groups, 'displayName', (group) => group, () => {});

const app = express();
app.use('/scim', new SCIMMYRouters({
  type: 'bearer',
  handler(request) {
    if (request.header('Authorization') !== `Bearer ${token}`) throw new Error('the token is wrong');
    return 'interop';
  },
}));
app.listen(Number(port), '127.0.0.1');
