SELECT value FROM log_meta WHERE name = 'streams'
