-- What the monitor made of the device's clock: corrected | corrected-boot | poor | poor-boot. NULL: time_ms is as told.
ALTER TABLE ledger ADD COLUMN clock TEXT;
