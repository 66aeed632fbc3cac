//! Invitations: a person who is in no directory is added, gets a letter with a link that opens once, and takes the
//! roles that were meant for them when they accept, so far as the inviter still holds them.
