SELECT tag, number, wrapped FROM key_subject WHERE tag = $1
