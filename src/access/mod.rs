//! What they may do: catalogue, roles, grants, mappings, effective permissions, explain, the guards. A
//! permission is a value: `Permit`, which only this room makes and which domain functions demand.
