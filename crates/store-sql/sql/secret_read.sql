SELECT name, wrapped FROM key_secret ORDER BY name
