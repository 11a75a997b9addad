//! Receives from an external MQTT broker, 3.1.1 or 5, and acknowledges what is committed.
