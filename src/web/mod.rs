//! The dashboard and the API: reads the store and the live view.
