"""The resource server of OAuth: tokens of an OpenID provider open this server to those it lets in."""
