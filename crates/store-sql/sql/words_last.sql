SELECT max(coalesce((SELECT max(number) FROM words_now), 0), coalesce((SELECT max(number) FROM words_then), 0))
