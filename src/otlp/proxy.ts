/** URLs with scheme; empty for none. */
export interface OtlpProxy {
  readonly https: string
  readonly http: string
  /** As NO_PROXY has it. */
  readonly none: string
}

/** HTTPS_PROXY, HTTP_PROXY and NO_PROXY; lower case goes before upper case, as curl and undici have it. */
export function readProxy(env: NodeJS.ProcessEnv, errors: string[]): OtlpProxy {
  const of = (name: string): string => (env[name.toLowerCase()] || env[name] || '').trim()
  const uriOf = (name: string): string => {
    const value = of(name)
    const uri = value === '' || /^[a-z][a-z\d+.-]*:\/\//i.test(value) ? value : `http://${value}`
    if (uri === '' || /^(https?|socks5?):$/.test(URL.parse(uri)?.protocol ?? '')) return uri
    // Not shown: it may hold a password.
    errors.push(
      `${name} is not a URL that can be used: allowed is http://host:port, with user:password@ if need be.`,
    )
    return ''
  }
  return { https: uriOf('HTTPS_PROXY'), http: uriOf('HTTP_PROXY'), none: of('NO_PROXY') }
}
