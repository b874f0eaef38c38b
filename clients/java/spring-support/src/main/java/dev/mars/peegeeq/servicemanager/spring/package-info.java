/** What both Spring Boot starters share: the client as a bean, self-registration, and a way to an instance that is well. */
package dev.mars.peegeeq.servicemanager.spring;
