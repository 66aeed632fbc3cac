//! Ids: UUIDv7, one newtype per thing, so that a user's id cannot be handed where a group's is wanted.

use uuid::Uuid;

/// Calls the given macro with the name of every id type (the store room gives each its column form).
#[macro_export]
macro_rules! for_each_id {
    ($m:ident) => {
        $m! {
            TenantId UserId GroupId DirectoryId ScimTokenId RoleId GrantId MappingId AppId SecretId SessionId FlowId
            FamilyId KeyId EventId MessageId SigninId RequestId ChangeId InvitationId LogId TombstoneId AdoptionId
            ParkedId EligibilityId ElevationId ReviewId ReviewItemId ReviewPlanId SuppressionId
            PasskeyId CeremonyId TrialId StreamId PortalId ViewId
        }
    };
}

macro_rules! define {
    ($($name:ident)*) => {$(
        #[doc = concat!("`", stringify!($name), "`: a UUIDv7.")]
        #[derive(
            Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub Uuid);
        impl $name {
            /// A new id, ordered by the time it was made.
            #[allow(clippy::new_without_default)]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }
            /// Reads any of the textual forms of a UUID.
            pub fn parse(text: &str) -> Option<Self> {
                Uuid::try_parse(text).ok().map(Self)
            }
        }
        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "format": "uuid" })
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}", self.0.hyphenated())
            }
        }
        impl std::str::FromStr for $name {
            type Err = $crate::error::Error;
            fn from_str(s: &str) -> Result<Self, Self::Err> {
                Self::parse(s).ok_or_else(|| {
                    $crate::error::Error::invalid(format!("'{}' is not an id (a UUID is wanted)", $crate::text::excerpt(s)))
                })
            }
        }
    )*};
}
for_each_id!(define);

impl LogId {
    /// The first id of a moment: ids of this kind are ordered by the time they tell, whatever clock that is of.
    pub fn first(at: crate::clock::Timestamp) -> Self {
        Self::of(at, 0)
    }
    /// A new id of a moment.
    pub fn at(at: crate::clock::Timestamp) -> Self {
        Self::of(at, Uuid::new_v4().as_u128())
    }
    /// UUIDv7: 48 bits of milliseconds, 12 of the microseconds in them, the rest of `low`.
    fn of(at: crate::clock::Timestamp, low: u128) -> Self {
        let us = u128::try_from(at.0).unwrap_or(0);
        let (ms, us) = (us / 1000, us % 1000);
        let bits =
            (ms & 0xffff_ffff_ffff) << 80 | 7 << 76 | us << 64 | 2 << 62 | low & ((1 << 62) - 1);
        Self(Uuid::from_u128(bits))
    }
}

impl TenantId {
    /// Stands for the instance itself where a row wants a tenant (audit events of no tenant).
    pub const PLATFORM: Self = Self(Uuid::nil());
}
