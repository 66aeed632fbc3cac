//! Typed configuration: file, environment, command line, in rising order.
