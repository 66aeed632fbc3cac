//! Tables as spreadsheets write them: RFC 4180, with a comma, a semicolon or a tab between the fields, whichever the
//! headings have, and with or without a byte order mark.

use crate::{
    error::{Error, Result},
    text,
};
use std::collections::HashMap;

/// The rows of a table by their headings, in any case; without rows that are empty. The first of `columns` must be there,
/// and no other than these.
///
/// # Errors
/// `Invalid`, naming the line.
pub(super) fn read(table: &str, columns: &[&str]) -> Result<Vec<HashMap<String, String>>> {
    let table = table.strip_prefix('\u{feff}').unwrap_or(table);
    let first = table.lines().next().unwrap_or_default();
    let between = [',', ';', '\t'].into_iter().find(|c| first.contains(*c)).unwrap_or(',');
    let mut records = records(table, between)?.into_iter();
    let (_, heads) = records.next().unwrap_or_default();
    let heads: Vec<String> =
        heads.iter().map(|h| text::fold(h.trim()).replace([' ', '-'], "_")).collect();
    let known = columns.join(", ");
    for (n, head) in heads.iter().enumerate() {
        if !columns.contains(&head.as_str()) || heads.iter().take(n).any(|h| h == head) {
            let head = text::excerpt(head);
            return Err(Error::invalid(format!(
                "line 1: the heading '{head}' is not one of {known}, each once"
            )));
        }
    }
    if columns.first().is_some_and(|needed| !heads.iter().any(|h| h == needed)) {
        return Err(Error::invalid(format!("line 1: headings are missing; they are {known}")));
    }
    let mut out = Vec::new();
    for (line, fields) in records {
        if fields.iter().all(|f| f.trim().is_empty()) {
            continue;
        }
        if fields.len() > heads.len() {
            let (has, may) = (fields.len(), heads.len());
            return Err(Error::invalid(format!("line {line}: {has} fields under {may} headings")));
        }
        let fields = fields.into_iter().map(|f| f.trim().to_owned());
        out.push(heads.iter().cloned().zip(fields).collect());
    }
    Ok(out)
}

/// The records, each with the line it begins in.
fn records(table: &str, between: char) -> Result<Vec<(usize, Vec<String>)>> {
    let (mut out, mut record, mut field) = (Vec::new(), Vec::new(), String::new());
    let (mut line, mut began, mut quoted) = (1, 1, false);
    let mut letters = table.chars().peekable();
    while let Some(c) = letters.next() {
        line += usize::from(c == '\n');
        match c {
            '"' if quoted && letters.next_if_eq(&'"').is_some() => field.push('"'),
            '"' if quoted => quoted = false,
            '"' if field.trim().is_empty() => {
                field.clear();
                quoted = true;
            }
            c if quoted => field.push(c),
            '\r' if letters.peek() == Some(&'\n') => {}
            '\n' => {
                record.push(std::mem::take(&mut field));
                out.push((began, std::mem::take(&mut record)));
                began = line;
            }
            c if c == between => record.push(std::mem::take(&mut field)),
            c => field.push(c),
        }
    }
    if quoted {
        return Err(Error::invalid(format!("line {began}: a quote is not closed")));
    }
    if !field.is_empty() || !record.is_empty() {
        record.push(field);
        out.push((began, record));
    }
    Ok(out)
}
