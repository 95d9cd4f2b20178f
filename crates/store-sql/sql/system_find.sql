SELECT number FROM token_system WHERE uri = $1
