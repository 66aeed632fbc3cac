//! The one place where voices meet: the router, the workers, the registered hooks.
