import { createHash } from 'node:crypto'

/**
 * What any program must do at least, with nothing of this one: download the export, parse it, write each event again,
 * and hash it. How long that takes tells how fast the machine is today.
 */
const { HF_ENDPOINT, HF_TOKEN, HF_AUDIT_ORGANIZATIONS } = process.env
const response = await fetch(`${HF_ENDPOINT}/api/organizations/${HF_AUDIT_ORGANIZATIONS}/audit-log/export`, {
  headers: { authorization: `Bearer ${HF_TOKEN}` },
})
if (!response.ok) throw new Error(`the export was answered ${response.status}`)
const hash = createHash('sha256')
for (const event of (await response.json()) as unknown[]) hash.update(JSON.stringify(event))
hash.digest()
