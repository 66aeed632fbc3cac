//! What a directory's provisioning touches as a whole: deleting a directory and what goes with it.
