//! Incidents, recipients and rulings as tables and short stories.

mod people;
mod rulings;
mod stories;
