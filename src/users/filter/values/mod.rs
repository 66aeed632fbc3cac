//! Values inside the document, in both dialects: where they stand and how they are compared. `folded` is the folded
//! twin of `doc`; an attribute that is compared with case reads the latter. Names reach a text only if they are made of
//! characters that mean nothing there; every value is bound.

pub(super) mod db;
