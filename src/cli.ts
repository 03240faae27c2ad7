#!/usr/bin/env node
console.log('hf-audit')
