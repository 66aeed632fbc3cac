//! The one outbound HTTP client. It refuses private, link-local and metadata addresses after resolution and on
//! every hop, follows no redirect across hosts, and caps size and time. Addresses may be allow-listed
//! explicitly; the server says so loudly at start.
