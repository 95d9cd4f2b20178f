SELECT value FROM view_meta WHERE name = $1
