SELECT MIN(kind) FROM history WHERE kind > $1
