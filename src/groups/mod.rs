//! Groups and memberships. Members are rows; the cost of a change is that of the change.
