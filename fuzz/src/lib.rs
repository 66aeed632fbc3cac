//! The fuzz targets as functions: one for each entry that takes what strangers send.
//!
//! Those of SCIM need nothing but the protocol's own files, which stand here under the library's name: they build in a
//! minute. The others need the server as a whole (`--features whole`).

#[cfg(not(feature = "whole"))]
extern crate self as muster;

#[cfg(not(feature = "whole"))]
#[path = "../../src/clock.rs"]
pub mod clock;
#[cfg(not(feature = "whole"))]
#[path = "../../src/error.rs"]
pub mod error;
#[cfg(not(feature = "whole"))]
#[path = "../../src/protocol/mod.rs"]
pub mod protocol;
#[cfg(not(feature = "whole"))]
#[path = "../../src/text.rs"]
pub mod text;

pub mod scim;
#[cfg(feature = "whole")]
pub mod targets;
