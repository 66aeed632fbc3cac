//! What a group gives follows its members at once, through every cache.

use super::world::World;
use crate::story;
use muster::{
    access::{
        catalogue::TENANT_ADMINISTRATOR,
        mappings::{self, Target},
        parked::Limits,
        perm,
    },
    directories::Provisioning,
    groups::{
        self,
        GroupChange::{Add, Remove, Replace},
    },
    id::{TenantId, UserId},
};

async fn administers(w: &World, t: TenantId, id: UserId) -> bool {
    let e = w.access.effective(t, id, t).await.unwrap();
    e.permissions.contains("users.manage_roles")
}

story!(
    async fn rights_follow_membership_at_once(t) {
        let w = World::new(&t.store);
        let (acme, d, p) = w.company("acme", false).await;
        // The guard of mass changes is not what this is about.
        let off = Limits { on: false, ..Limits::default() };
        let to = Provisioning { mass_change: off, ..Provisioning::default() };
        w.configure(acme.id, d.id, to).await.unwrap();
        let u = w.people(&p, 130).await;
        let g = w.group(&p, "Admins", &u[..1]).await;
        let may = w.may::<perm::UsersManageRoles>(acme.id).await;
        mappings::create(&w.access, &may, Target::Own, g.id, TENANT_ADMINISTRATOR).await.unwrap();
        let all = async |ids: &[UserId], want: bool| {
            for id in ids {
                assert_eq!(administers(&w, acme.id, *id).await, want);
            }
        };
        all(&u[..1], true).await;
        all(&u[1..], false).await;
        w.apply(&p, g.id, vec![Add(vec![u[1]]), Remove(vec![u[0]])]).await;
        all(&u[..1], false).await;
        all(&u[1..2], true).await;
        // A crowd is announced as a whole.
        w.apply(&p, g.id, vec![Add(u.clone())]).await;
        all(&u, true).await;
        w.apply(&p, g.id, vec![Replace(u[..3].to_vec())]).await;
        all(&u[..3], true).await;
        all(&u[3..], false).await;
        w.set_active(&p, u[0], false).await.unwrap();
        all(&u[..1], false).await;
        w.set_active(&p, u[0], true).await.unwrap();
        all(&u[..1], true).await;
        muster::groups::delete_person(&w.store, &p, u[1], None).await.unwrap();
        all(&u[1..2], false).await;
        groups::delete(&w.store, &p, g.id, None).await.unwrap();
        // Nobody has the mapped role; the last administrators' roles are held, and a hold gives them still.
        all(&u[3..], false).await;
    }
);
