//! The fuzz targets as functions: one for each entry that takes what strangers send.

pub mod targets;
