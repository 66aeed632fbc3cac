//! Messages that leave because something was committed: written in the transaction, delivered afterwards by
//! workers with a lease, to the handlers that `server` registered.
