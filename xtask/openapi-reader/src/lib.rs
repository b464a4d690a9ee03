//! Reads OpenAPI documents as vendors publish them. Later stages see one clean OpenAPI 3.1 document per source, with the file and line
//! of each value: everything odd about how documents are written ends here.
//!
//! [`load`] finds the documents in files and Markdown [`pages`]; each is [checked](check), [upgraded](upgrade) from 3.0 to 3.1, and its
//! [`references`] are resolved: what stays is `#/components/SECTION/NAME`, which exists. [`grammar`] knows which parts of a document are
//! schemas, parameters and so on, and which are data; every walk over a document is one of its walks.

pub mod check;
pub mod diagnostic;
pub mod files;
pub mod grammar;
pub mod load;
pub mod notices;
pub mod pages;
pub mod pointer;
mod references;
pub mod text;
mod upgrade;
