/** The 249 codes of ISO 3166-1 alpha-2, by their first letter. */
const CODES = [
  'ADEFGILMOQRSTUWXZ BABDEFGHIJLMNOQRSTVWYZ CACDFGHIKLMNORUVWXYZ DEJKMOZ ECEGHRST FIJKMOR GABDEFGHILMNPQRSTUWY',
  'HKMNRTU IDELMNOQRST JEMOP KEGHIMNPRWYZ LABCIKRSTUVY MACDEFGHKLMNOPQRSTUVWXYZ NACEFGILOPRUZ OM PAEFGHKLMNRSTWY',
  'QA REOSUW SABCDEGHIJKLMNORSTVXYZ TCDFGHJKLMNORTVWZ UAGMSYZ VACEGINU WFS YET ZAMW',
]

const COUNTRIES = new Set(
  CODES.flatMap(line => line.split(' ')).flatMap(([first, ...seconds]) =>
    seconds.map(second => `${first}${second}`),
  ),
)

/** True for an assigned code, in capitals. The Hub does not say what form its `location.country` has. */
export function isCountryCode(text: string): boolean {
  return COUNTRIES.has(text)
}
