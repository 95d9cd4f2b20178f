SELECT tag, number, wrapped FROM key_subject WHERE number = $1
