//! Regression tests named after real vulnerabilities of servers like ours: one test for each lesson.

mod assertions;
mod bindings;

mod clients;
mod logout;
mod refresh;
mod remembered;
mod revocation;
mod tokens;
