SELECT number FROM interned WHERE text = $1
