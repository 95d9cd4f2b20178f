SELECT count FROM place_count WHERE param = $1
