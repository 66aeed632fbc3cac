//! HTML pages for administrators. A later room; for now the signed-in page.
